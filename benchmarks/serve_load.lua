-- wrk's requests: the prepared bodies in turn; at the end one line of JSON with what was counted.
local bodies = {}
local at = 0
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = args[2]
  for line in io.lines(args[1]) do
    local file = assert(io.open(line, "rb"))
    bodies[#bodies + 1] = wrk.format(nil, nil, nil, file:read("*all"))
    file:close()
  end
end
function request()
  at = at % #bodies + 1
  return bodies[at]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "median_ms": %.3f, "p99_ms": %.3f, "most_ms": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
