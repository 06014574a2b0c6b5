import { expect, it } from "vitest";
import { normalQuantile, studentQuantile } from "../../lib/floors/quantiles.js";

// Values from tables (Abramowitz and Stegun 26.5 and 26.10; R's qnorm and qt for those beyond them).
it.each([
  [0.5, 0],
  [0.9, 1.2815516],
  [0.95, 1.6448536],
  [0.975, 1.959964],
  [0.999, 3.0902323],
  [1 - 1e-6, 4.7534243],
  [1e-15, -7.9413453],
])("the normal quantile at %d", (p, z) => {
  expect(normalQuantile(p)).toBeCloseTo(z, 5);
  if (p > 1e-10) expect(normalQuantile(1 - p)).toBeCloseTo(-z, 5);
});

it.each([
  [0.95, 9, 1.8331],
  [0.95, 30, 1.6973],
  [0.99, 9, 2.8214],
  [0.99, 60, 2.3901],
  [0.9, 20, 1.3253],
])("Student's quantile at %d with %d degrees of freedom", (p, freedom, t) => {
  expect(studentQuantile(p, freedom)).toBeCloseTo(t, 2);
  expect(studentQuantile(p, 1e7)).toBeCloseTo(normalQuantile(p), 5);
});
