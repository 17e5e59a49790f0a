"""What the package brings: `methods` lists the methods, `bench` measures the kernels."""

from __future__ import annotations

import click

from regso_cluster.commands.options import Steps, json_option
from regso_cluster.files.atomic import json_text


@click.command()
@click.argument("name", required=False)
@json_option
def methods(name: str | None, as_json: bool) -> None:
    """List the built-in methods, or print the file of one.

    Example: regso-cluster methods utanforskap > my-method.toml
    """
    from importlib import resources

    from regso_cluster.method import builtin_methods, load_method

    if name and not as_json:
        method = load_method(name)
        shipped = resources.files("regso_cluster") / "methods" / f"{method.name}.toml"
        click.echo(shipped.read_text("utf-8") if name in builtin_methods() else method.to_toml(), nl=False)
        return
    listed = [load_method(known) for known in ([name] if name else builtin_methods())]
    if as_json:
        plain = [{"name": one.name, "title": {"sv": one.title.sv, "en": one.title.en}, "sha256": one.hash,
                  "factors": list(one.keys), "areas": one.table.areas} for one in listed]  # fmt: skip
        click.echo(json_text(plain, ensure_ascii=False, indent=2))
        return
    for one in listed:
        click.echo(f"{one.name:28}{one.title.sv}\n{'':28}{one.title.en}")


@click.command()
@click.option("--threads", type=click.IntRange(min=1), help="Default: one for each processor.")
@json_option
def bench(threads: int | None, as_json: bool) -> None:
    """Measure the kernels beside scikit-learn and scipy on this machine; the quality reached stands beside the time.

    Example: regso-cluster bench --threads 1
    """
    with Steps() as steps, steps("measuring, up to two minutes"):
        from regso_cluster.clustering.bench import print_short, run_short

        measured = run_short(threads)
    if as_json:
        click.echo(measured.to_json(orient="records", indent=2))
    else:
        print_short(measured)
