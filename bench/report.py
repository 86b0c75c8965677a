"""Rows as a table, as JSON and as a plot."""
import datetime
import importlib.metadata
import json
import math
import shutil
import subprocess

import cache
import mote_files

DISTRIBUTIONS = {"litert": "ai-edge-litert", "onnxruntime": "onnxruntime", "openvino": "openvino",
                 "ncnn": "ncnn", "mnn": "mnn", "tvm": "apache-tvm"}
STATISTIC = "median_us"
LESS_EXACT_DB = 6  # an engine whose SQNR is this much below Mote's is marked


def build_of_mote():
    """Names what is measured: the library's content."""
    import os
    import pathlib
    library = pathlib.Path(os.environ.get("MOTE_LIBRARY") or cache.ROOT / "build/libmote.so")
    return cache.key_of(library)[:12] if library.exists() else "none"


def time_of(row, engine, statistic=STATISTIC):
    return row["engines"].get(engine, {}).get(statistic)


def best_peer(row, statistic=STATISTIC):
    """(engine, time) of the fastest peer with right outputs; None if there is none."""
    times = [(time_of(row, engine, statistic), engine) for engine in row["engines"]
             if engine != "mote" and time_of(row, engine, statistic)]
    return min(times)[::-1] if times else None


def ratio(row, statistic=STATISTIC):
    best, ours = best_peer(row, statistic), time_of(row, "mote", statistic)
    return best[1] / ours if best and ours else None


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def micros(value):
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def short(row):
    if any("start_us" in result for result in row["engines"].values()):
        return ", ".join(f"{engine} {result['start_us'] / 1e3:.0f} ms {result['peak_kb'] / 1024:.0f} MB"
                         for engine, result in row["engines"].items() if "start_us" in result)
    best, value = best_peer(row), ratio(row)
    if value is None:
        return "; ".join(f"{e}: {r.get('failed') or r.get('absent')}" for e, r in row["engines"].items()
                         if "failed" in r or "absent" in r)[:200]
    return f"mote {micros(time_of(row, 'mote'))} us, {best[0]} {micros(best[1])} us: {value:.2f}x"


def cell(row, engine):
    result = row["engines"].get(engine, {})
    if STATISTIC in result:
        return micros(result[STATISTIC]) + ("~" if is_less_exact(row, engine) else "")
    return "wrong" if "wrong" in result.get("failed", "") else "fails" if "failed" in result else "-"


def is_less_exact(row, engine):
    """Whether its outputs are much further from the float model's than Mote's are."""
    ours, theirs = (row["engines"].get(e, {}).get("sqnr_db") for e in ("mote", engine))
    quantized = row["precision"] in ("dynamic", "int8", "int16x8")
    return quantized and ours is not None and theirs is not None and theirs < ours - LESS_EXACT_DB


def table(rows, engines):
    head = ["model", "precision", "t", *engines, "p99/med", "best peer", "ratio", "quiet", "SQNR dB: mote", "best"]
    lines = [head]
    for row in rows:
        best, ours = best_peer(row), row["engines"].get("mote", {})
        spread = ours["p99_us"] / ours["median_us"] if STATISTIC in ours else None
        value, quiet = ratio(row), ratio(row, "quiet_us")
        lines.append([row["model"], row["precision"], str(row["threads"]),
                      *(cell(row, engine) for engine in engines),
                      f"{spread:.2f}" if spread else "-", best[0] if best else "-",
                      f"{value:.2f}" + (" *" if value < 1 else "") if value else "-",
                      f"{quiet:.2f}" if quiet else "-",
                      decibels(ours), decibels(row["engines"][best[0]]) if best else "-"])
    return aligned(lines)


def aligned(lines):
    """Columns of text; the first two to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["  ".join(x.ljust(w) if i < 2 else x.rjust(w) for i, (x, w) in enumerate(zip(line, widths))).rstrip()
            for line in lines]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def decibels(result):
    return f"{result['sqnr_db']:.0f}" if "sqnr_db" in result else "-"


def means(rows, engines):
    """Geometric means for each precision and number of threads: against the best peer of each row, and
    against each peer where it runs."""
    groups = {}
    for row in rows:
        groups.setdefault((row["precision"], row["threads"]), []).append(row)
    found = []
    for (precision, threads), group in groups.items():
        ratios = [r for r in map(ratio, group) if r]
        each = {}
        for engine in engines[1:]:
            pairs = [(time_of(row, engine), time_of(row, "mote")) for row in group]
            each[engine] = geometric_mean([a / b for a, b in pairs if a and b])
        found.append({"precision": precision, "threads": threads, "rows": len(ratios),
                      "ahead": sum(r >= 1 for r in ratios), "best_peer": geometric_mean(ratios),
                      "quiet": geometric_mean([r for r in (ratio(x, "quiet_us") for x in group) if r]),
                      "peers": each})
    return found


def means_text(found, engines):
    lines = ["Geometric means of (peer's median / Mote's median):",
             f"{'precision':10}{'t':>2}{'ahead':>8}{'best peer':>11}{'quiet':>7}" + "".join(f"{e:>13}" for e in engines[1:])]
    for m in found:
        def show(x):
            return f"{x:.2f}" if x else "-"
        lines.append(f"{m['precision']:10}{m['threads']:>2}{str(m['ahead']) + '/' + str(m['rows']):>8}"
                     f"{show(m['best_peer']):>11}{show(m['quiet']):>7}"
                     + "".join(f"{show(m['peers'][e]):>13}" for e in engines[1:]))
    return "\n".join(lines)


def processor():
    with open("/proc/cpuinfo") as file:
        lines = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{lines[0] if lines else 'unknown processor'}, {len(lines)} cores"


def versions(engines):
    found = {}
    for engine in engines:
        if engine in DISTRIBUTIONS:
            try:
                found[engine] = importlib.metadata.version(DISTRIBUTIONS[engine])
            except importlib.metadata.PackageNotFoundError:
                found[engine] = None
    commit = subprocess.run(["git", "-C", str(cache.ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=False).stdout.strip()
    found["mote"] = commit or "?"
    return found


def write(folder, rows, starts, engines, skipped):
    """table.txt, results.json and plot.png in the folder; returns what results.json has."""
    found = means(rows, engines)
    summary = {"date": datetime.datetime.now().isoformat(timespec="minutes"), "processor": processor(),
               "versions": versions(engines), "means": found, "rows": rows, "starts": starts, "skipped": skipped}
    (folder / "results.json").write_text(json.dumps(summary, indent=1))
    parts = [f"{summary['date']}, {summary['processor']}\n"
             + ", ".join(f"{k} {v}" for k, v in summary["versions"].items())]
    if rows:
        losses = [f"{row['model']} {row['precision']} {row['threads']}: {short(row)}" for row in rows
                  if (ratio(row) or 1) < 1]
        parts += ["Median microseconds of one inference. ratio: best peer / Mote, * where the peer is ahead;\n"
                  "quiet: the same from the least disturbed quarter of the bursts. ~: outputs 6 dB or more further\n"
                  "from the float model's than Mote's.", table(rows, engines),
                  means_text(found, engines)]
        parts += ["Where a peer is ahead:\n" + "\n".join(losses)] if losses else []
    if starts:
        parts += [STARTS, starts_table(starts, engines)]
    notes = absences(rows)
    parts += ["Not measured:\n" + "\n".join([*notes, *skipped])] if notes or skipped else []
    (folder / "table.txt").write_text("\n\n".join(parts) + "\n")
    if rows:
        plot(folder / "plot.png", rows)
    return summary


def into_document(folder, document):
    """The table and the plot, put between the marks of the page that shows them."""
    begin, end = "<!-- written by bench/peers --document -->", "<!-- end of what bench/peers wrote -->"
    text = document.read_text()
    before, after = text.split(begin)[0], text.split(end)[1]
    table_text = (folder / "table.txt").read_text().rstrip()
    image = document.with_suffix(".png")
    shutil.copyfile(folder / "plot.png", image)
    document.write_text(f"{before}{begin}\n![The best peer's time over Mote's, for each row]({image.name})\n\n"
                        f"```text\n{table_text}\n```\n{end}{after}")


STARTS = """Cold start and memory, one thread, a new process each time, files in the page cache.
start: ms from fork() to the first output, after one inference. Mote is the program `mote run`; the peers are Python.
bare:  ms of that for the engine alone: its import, the model's loading, the first inference (not Python, not numpy).
peak:  MB of resident memory at most, of the whole process."""


def starts_table(starts, engines):
    columns = ["mote", "mote from python", *(e for e in engines if e != "mote")]
    lines = [["model", "precision", "start: mote", *columns[2:], "bare: mote", *columns[2:], "peak: mote", *columns[2:]]]

    def of(row, engine, key, scale):
        value = row["engines"].get(engine, {}).get(key)
        return f"{value / scale:.1f}" if value else "-"
    for row in starts:
        lines.append([row["model"], row["precision"],
                      *(of(row, e, "start_us", 1e3) for e in ["mote", *columns[2:]]),
                      *(of(row, e, "bare_us", 1e3) for e in columns[1:]),
                      *(of(row, e, "peak_kb", 1024) for e in ["mote", *columns[2:]])])
    return aligned(lines)


def absences(rows):
    """Why engines have no time, each reason once."""
    reasons = {}
    for row in rows:
        for engine, result in row["engines"].items():
            why = result.get("failed") or result.get("absent")
            if why and why != "it has no such precision":
                reasons.setdefault((engine, row["precision"], why), set()).add(row["model"])
    return [f"{engine} {precision}: {', '.join(sorted(models))}: {why}"
            for (engine, precision, why), models in sorted(reasons.items())]


def plot(path, rows):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    groups = {}
    for row in rows:
        if ratio(row):
            groups.setdefault((row["precision"], row["threads"]), []).append((row["model"], ratio(row), best_peer(row)[0]))
    if not groups:
        return
    colors = dict(zip(DISTRIBUTIONS, pyplot.get_cmap("tab10").colors))
    height = max(len(g) for g in groups.values())
    columns = min(len(groups), 4)
    lines = math.ceil(len(groups) / columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(4.6 * columns, (0.24 * height + 1.3) * lines),
                                   squeeze=False, layout="constrained")
    for axis in axes.flat[len(groups):]:
        axis.axis("off")
    for axis, ((precision, threads), group) in zip(axes.flat, groups.items()):
        for i, (model, value, engine) in enumerate(reversed(group)):
            axis.barh(i, value, color=colors[engine])
            axis.text(value, i, f" {value:.2f}", va="center", fontsize=7)
        axis.set_yticks(range(len(group)), [g[0] for g in reversed(group)], fontsize=7)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_xlim(0, max(2, 1.15 * max(g[1] for g in group)))
        axis.tick_params(axis="x", labelsize=7)
        axis.set_title(f"{precision}, {threads} thread{'s' if threads > 1 else ''}", fontsize=9)
    used = sorted({g[2] for group in groups.values() for g in group})
    figure.legend(handles=[matplotlib.patches.Patch(color=colors[e], label=e) for e in used],
                  loc="outside lower center", ncols=len(used), fontsize=8)
    figure.suptitle("Best peer's median over Mote's (right of 1: Mote is faster); the colour is that peer", fontsize=10)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
