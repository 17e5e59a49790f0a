"""Draw the picture of the README from a release: the composite groups on the map, beside the same for Stockholm."""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
from matplotlib.patches import Patch

from regso_cluster.areas.shapes import load_shapes
from regso_cluster.maps.colours import UNKNOWN, group_colours
from regso_cluster.release.model import read_release


def main(release_path: str, out: str) -> None:
    """Draw a release into a picture file."""
    release = read_release(release_path)
    groups = release.groups.query("grouping == 'composite_group' and group.notna()")
    colours = dict(zip(groups["group"], group_colours(len(groups)), strict=True))
    shapes = load_shapes().merge(release.areas["composite_group"].reset_index(), on="regso")
    fill = shapes["composite_group"].map(colours).fillna(UNKNOWN).astype(str)
    figure, (country, city) = plt.subplots(1, 2, figsize=(10, 7.4), width_ratios=(1, 1.5))
    shapes.plot(ax=country, color=fill, linewidth=0)
    county = shapes["lan"] == "01"
    shapes[county].plot(ax=city, color=fill[county], edgecolor="#777777", linewidth=0.15)
    city.set(xlim=(650_000, 700_000), ylim=(6_545_000, 6_605_000))
    for axis, title in ((country, "Sverige"), (city, "Stockholm med omnejd")):
        axis.set_title(title, loc="left", fontsize=11)
        axis.set_axis_off()
    shown = [
        Patch(color=colours[row.group], label=f"{row.name_sv} ({row.areas:,} områden)".replace(",", " "))
        for row in groups.itertuples()
    ]
    shown.append(Patch(color=UNKNOWN, label=f"Oavgjord ({int(release.areas['composite_group'].isna().sum())} områden)"))
    figure.legend(handles=shown, loc="lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(
        f"{release.method.title.sv} {release.year} — SYNTETISKA DATA, alla siffror är påhittade", fontsize=12
    )
    figure.text(0.99, 0.005, "Gränser: SCB (CC0)", ha="right", fontsize=7, color="#555555")
    figure.tight_layout(rect=(0, 0.09, 1, 0.98))
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
