"""Solves the linear program in a folder with HiGHS through scipy: scipy_peer.py FOLDER METHOD SECONDS.

METHOD is highs-ds, highs-ipm or milp. Writes x.f64 into the folder and prints one JSON object. Only the solver's call is
timed; a run of under a second is repeated and the median told.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_matrix

folder, method, limit = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
shape = json.loads((folder / "shape.json").read_text())


def read(name, dtype):
    return np.fromfile(folder / name, dtype=dtype)


cost = read("cost.f64", np.float64)
lower, upper = read("lower.f64", np.float64), read("upper.f64", np.float64)
matrix = csc_matrix(
    (read("values.f64", np.float64), read("indices.i32", np.int32), read("starts.i32", np.int32)),
    shape=(shape["rows"], shape["columns"]),
)

if method == "milp":
    constraint = LinearConstraint(matrix, lower, upper)
    bounds = Bounds(0, 1)
    integrality = np.ones(shape["columns"])

    def solve():
        return milp(cost, constraints=constraint, bounds=bounds, integrality=integrality, options={"time_limit": limit})
else:
    by_row = matrix.tocsr()
    queries = shape["queries"]
    equal, limits = by_row[:queries], by_row[queries:]
    low, high = lower[queries:], upper[queries:]
    # linprog knows only "at most": floors are turned round.
    floor = np.isfinite(low)
    sign = np.where(floor, -1.0, 1.0)
    at_most = csc_matrix(limits.multiply(sign[:, None])) if len(sign) else None
    bound = np.where(floor, -low, high) if len(sign) else None

    def solve():
        return linprog(
            cost,
            A_ub=at_most,
            b_ub=bound,
            A_eq=equal,
            b_eq=lower[:queries],
            bounds=(0, 1),
            method=method,
            options={"time_limit": limit},
        )


times = []
while not times or (times[0] < 1 and len(times) < 5):
    start = time.perf_counter()
    answer = solve()
    times.append(time.perf_counter() - start)

if answer.x is not None:
    answer.x.astype(np.float64).tofile(folder / "x.f64")
print(
    json.dumps(
        {
            "seconds": statistics.median(times),
            "finished": answer.status == 0,
            "infeasible": answer.status == 2,
            "message": answer.message,
            "hasPlan": answer.x is not None,
        }
    )
)
