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
    InputError  not Parquet, or more rows, cells or bytes than the limits
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
            return _unpack(file, path.name, limits)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            Fault("not readable as Parquet", path.name, got=str(error)[:100], hint="Write the file again.")
        ) from error


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
