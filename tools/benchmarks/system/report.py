"""Results as tables for people, against the goals, and against an earlier run."""

# Goal and least of what is aimed at: (row, what it is called, value of the row's result, goal, least, lower is better).
GOALS = [
    ("webhooks", "requests/s, x Go", lambda r: r["headgate"]["requests_per_s"] / r["go+pgx"]["requests_per_s"], 4, 3, False),
    ("webhooks", "p99 / Go's p50", lambda r: r["headgate"]["p99_ms"] / r["go+pgx"]["p50_ms"], 1, None, True),
    ("webhooks", "p99 / Go's p99", lambda r: r["headgate"]["p99_ms"] / r["go+pgx"]["p99_ms"], None, 0.5, True),
    ("single", "p50 / Go's p50", lambda r: r["headgate"]["p50_ms"] / r["go+pgx"]["p50_ms"], 1, 1.2, True),
    ("large", "requests/s, x Go", lambda r: r["headgate"]["requests_per_s"] / r["go+pgx"]["requests_per_s"], 1, 1, False),
    ("large", "errors", lambda r: r["headgate"]["errors"], 0, 0, True),
    ("rpc", "calls/s over TLS, x Go", lambda r: r["tls callbacks: calls_per_s"] / r["go: calls_per_s"], 3, 2, False),
    ("memory", "edge idle, MiB", lambda r: r["edge_idle_mib"], 15, 25, True),
    ("memory", "edge with idle connections, MiB", lambda r: r["edge_with_idle_connections_mib"], 150, 250, True),
    ("memory", "control plane idle, MiB", lambda r: r["control_idle_mib"], 40, 60, True),
    ("start", "edge, ms", lambda r: r["edge_ms"], 50, 100, True),
    ("start", "control plane, ms", lambda r: r["control_ms"], 200, 400, True),
    ("growth", "requests/s with triggers", lambda r: r["triggers_ratio"], 0.95, 0.85, False),
    ("growth", "requests/s with stored requests", lambda r: r["stored_ratio"], 0.95, 0.85, False),
    ("features", "known customer, x plain", lambda r: r["known customer"]["x_plain"], None, 0.5, False),
    ("features", "new customer, x plain", lambda r: r["new customer"]["x_plain"], None, 0.5, False),
    ("lease", "runs/s", lambda r: r["runs_per_s"], 10_000, 5_000, False),
]
# What a request costs each program in CPU time, by its name in a row.
CPU = {"edge_us": "edge us", "control_us": "control us", "postgres_us": "postgres us"}


def show(name, result):
    print(f"\n{name}")
    if all(isinstance(value, dict) for value in result.values()):
        base_name = next((name for name in ("go+pgx", "plain") if name in result), None)
        base = result[base_name]["requests_per_s"] if base_name else None
        cpu = [key for key in CPU if all(key in row for row in result.values())]
        print(f"  {'':<18}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'errors':>8}{'x ' + (base_name or '-'):>10}"
              + "".join(f"{CPU[key]:>12}" for key in cpu))
        for system, row in sorted(result.items(), key=lambda item: -item[1]["requests_per_s"]):
            ratio = f"{row.get('x_plain', row['requests_per_s'] / base):.2f}" if base else "-"
            print(f"  {system:<18}{row['requests_per_s']:>10.0f}{row['p50_ms']:>10.2f}{row['p99_ms']:>10.2f}{row['errors']:>8.0f}{ratio:>10}"
                  + "".join(f"{row[key]:>12.1f}" for key in cpu))
    else:
        for key, value in result.items():
            print(f"  {key:<34}{value:>10}")


def goals(rows):
    """Each aim whose row was measured whole: reached, at least, or missed."""
    lines = []
    for row, what, value_of, goal, least, lower in GOALS:
        try:
            value = value_of(rows[row])
        except (KeyError, ZeroDivisionError):
            continue
        def holds(bound):
            return bound is not None and (value <= bound if lower else value >= bound)
        verdict = "goal" if holds(goal) else "least" if holds(least) else "-" if least is None else "MISSED"
        bounds = " / ".join("-" if bound is None else f"{bound:,}" for bound in (goal, least))
        lines.append(f"  {row:<10}{what:<34}{value:>10,.2f}  {bounds:>16}  {verdict}")
    if lines:
        print(f"\n{'aims':<46}{'measured':>10}  {'goal / least':>16}")
        print("\n".join(lines))


def against(old, new):
    print(f"\nagainst {old.get('commit', 'an earlier run')} on {old.get('machine', '?')} (new / old)")
    for name, result in new["rows"].items():
        for system, row in result.items():
            before = old.get("rows", {}).get(name, {}).get(system)
            if isinstance(row, dict) and isinstance(before, dict):
                print(f"  {name:<10}{system:<18}" + "".join(f"{key} {row[key] / before[key]:.2f}  " for key in row if before.get(key)))
            elif isinstance(before, (int, float)) and before and isinstance(row, (int, float)):
                print(f"  {name:<10}{system:<34}{row / before:.2f}")
