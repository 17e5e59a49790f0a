"""Reading what strangers send, with memory bounded: sizes first, packed formats by what they unpack to.

A file may claim more than it holds: a workbook with one cell in its last corner, a Parquet file of a few kB that says
ten thousand million rows, an archive of zeros. What would not fit is refused before it is unpacked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regso_cluster.errors import Fault, InputError

if TYPE_CHECKING:
    import pyarrow as pa

MIB = 2**20


@dataclass(frozen=True)
class ReadLimits:
    """How much of a file is taken in.

    Parameters
    ----------
    file : bytes of a file as it lies on disk
    memory : bytes that a workbook may take while it is unpacked, and a Parquet table when it is
    rows : of a table; cells : rows times columns
    seconds : of processor time for a workbook
    """

    file: int = 1024 * MIB
    memory: int = 1280 * MIB  # in two processes, and as Python objects after: together under 2 GiB in practice
    rows: int = 20_000_000
    cells: int = 200_000_000
    seconds: int = 300


LIMITS = ReadLimits()
_SMALLER = "Keep the columns and rows that are needed, or split the table."


def check_size(path: Path, limits: ReadLimits = LIMITS) -> None:
    """Refuse a file that is too large to be read, before it is opened.

    Raises
    ------
    InputError  more bytes than `limits.file`
    """
    size = path.stat().st_size
    if size > limits.file:
        raise InputError(
            Fault("too large a file", path.name, f"at most {megabytes(limits.file)}", megabytes(size), _SMALLER)
        )


def read_parquet(path: Path, limits: ReadLimits = LIMITS) -> pa.Table:
    """Read a Parquet file whole, after a look at what it says it holds, and bounded while it is read.

    Raises
    ------
    InputError  not Parquet, more rows, cells or bytes than the limits, a column of lists, a text that is no UTF-8, a
        day or time that no calendar or clock has, or of an unknown time zone
    """
    import pyarrow as pa
    from pyarrow import parquet

    check_size(path, limits)
    try:
        with parquet.ParquetFile(path) as file:
            _check_claims(file.metadata, path.name, limits)
            nested = sorted({column.path.split(".")[0] for column in file.schema if column.max_repetition_level})
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        if nested:
            hint = "Keep one value a cell: write the column as text, or leave it out."
            raise InputError([Fault("a column of lists", f"{path.name}, column {one}", hint=hint) for one in nested])
        # a text kept once and pointed at ten million times stays packed until it is known how long all would be
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            table = _unpack(file, path.name, limits)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            Fault("not readable as Parquet", path.name, got=str(error)[:100], hint="Write the file again.")
        ) from error
    faults = [fault for at in range(table.num_columns) for fault in _damaged(table, at, path.name)]
    if faults:
        raise InputError(faults)
    return table


def _check_claims(metadata: Any, name: str, limits: ReadLimits) -> None:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    said = max((sum(group.total_byte_size for group in groups)), 0)
    faults = []
    if rows > limits.rows or rows < 0 or rows * metadata.num_columns > limits.cells:
        expected = f"at most {limits.rows:,} rows and {limits.cells:,} cells"
        faults.append(
            Fault("too many rows", name, expected, f"{rows:,} rows of {metadata.num_columns} columns", _SMALLER)
        )
    if said > limits.memory:
        faults.append(_too_large(name, said, limits))
    if faults:
        raise InputError(faults)


def _too_large(name: str, size: int, limits: ReadLimits) -> Fault:
    expected = f"at most {megabytes(limits.memory)}"
    return Fault("too large when unpacked", name, expected, f"at least {megabytes(size)}", _SMALLER)


def _unpack(file: Any, name: str, limits: ReadLimits) -> pa.Table:
    import pyarrow as pa

    schema = file.schema_arrow
    plain = pa.schema([field.with_type(_plain_type(field.type)) for field in schema], metadata=schema.metadata)
    batches, total = [], 0
    for batch in file.iter_batches(batch_size=65_536):
        total += sum(_unpacked_size(column) for column in batch.columns)
        if total > limits.memory:
            raise InputError(_too_large(name, total, limits))
        batches.append(pa.Table.from_batches([batch]).cast(plain))
    return pa.concat_tables(batches) if batches else plain.empty_table()


def _damaged(table: pa.Table, at: int, name: str) -> list[Fault]:
    """Find cells that no program can show: texts that are no UTF-8, days and times that no calendar or clock has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column, kind = table.column(at), table.schema.field(at).type
    what, got = "", ""
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            what = "a text that is no UTF-8"
            column.validate(full=True)
        elif pa.types.is_timestamp(kind):
            what = "no point in time"
            pc.min_max(column).as_py()  # an unknown zone, too
        elif pa.types.is_temporal(kind):
            what, (lowest, highest) = "no day or time", _span(kind)
            found = pc.min_max(pc.cast(column, pa.int32() if kind.bit_width == 32 else pa.int64())).as_py()
            if found["min"] is None or lowest <= found["min"] <= found["max"] <= highest:
                return []
            got = f"{found['min']} to {found['max']} as {kind}"
    except (pa.ArrowException, ValueError, OverflowError, LookupError) as error:
        got = " ".join(f"{kind}: {error}".split())[:120]
    hint = "Write the column as plain text, or leave it out."
    where = f"{name}, column {table.column_names[at]}"
    return [Fault(what, where, got=got, hint=hint)] if got else []


def _span(kind: Any) -> tuple[int, int]:
    """Give the lowest and highest whole number of a type of days, of the time of day or of spans of time."""
    import pyarrow as pa

    first, last, day = -719_162, 2_932_896, 86_400  # 0001-01-01 and 9999-12-31, in days from 1970; seconds of a day
    if pa.types.is_date32(kind):
        return first, last
    if pa.types.is_date64(kind):
        return first * day * 1000, (last + 1) * day * 1000 - 1
    ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    if pa.types.is_duration(kind):
        most = 999_999_999 * day * ticks  # as long as Python's
        return -most, most
    return 0, day * ticks - 1


def _plain_type(kind: Any) -> Any:
    """Give the type that every writer and every operation on text knows: no dictionaries, no views."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not _is_view(kind):
        return kind
    return pa.large_string() if kind == pa.string_view() else pa.large_binary()


def _is_view(kind: Any) -> bool:
    import pyarrow as pa

    return bool(hasattr(pa, "string_view") and kind in (pa.string_view(), pa.binary_view()))


def _unpacked_size(column: Any) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not _is_text(column.type.value_type):
        return int(column.nbytes) + 8 * len(column)
    lengths = pc.cast(pc.binary_length(column.dictionary), pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) + 8 * len(column)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind) or _is_view(kind)
    )  # fmt: skip


def megabytes(size: int) -> str:
    """Write bytes as whole MB, rounded up."""
    return f"{-(-size // MIB):,} MB"
