/** Questions to the bridge, and what it is told. */

async function answered(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Error(answer.error ?? `${response.status} ${response.statusText}`);
}

/** GET: the answer, read from JSON. Throws what the bridge says is wrong. */
export function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answered(query ? `${path}?${query}` : path, { cache: "no-store" });
}

/** POST `body` as JSON: the answer. Throws what the bridge says is wrong. */
export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(path, { method: "POST", headers, body: JSON.stringify(body) });
}
