// Labels as a person writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLabels } from "../../bridge/console/labels.js";

test("lines and commas part labels, and quotes around a value are none of it", () => {
  assert.deepEqual(readLabels('severity=critical, service="api"\n team = a=b\n\n'), {
    labels: { severity: "critical", service: "api", team: "a=b" },
  });
  assert.deepEqual(readLabels(""), { labels: {} });
});

test("what is no label is named", () => {
  assert.deepEqual(readLabels("a=1,critical"), { wrong: "critical" });
  assert.deepEqual(readLabels("=1"), { wrong: "=1" });
});
