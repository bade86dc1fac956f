// What single operations of a request's way cost: allocations, which are gated, and time, which is not.
//
//   micro-benchmark          a table
//   micro-benchmark --json   {"name": {"allocations": 1, "nanoseconds": 2.5}, …}
import Cryptography
import HeadgateProto
import Identifiers
import JSON
import Metrics
import NIOCore
import Observability
import Postgres
import RPC
import Rules
import Store

func measurements() throws -> [Measurement] { try messages() + frames() + rules() + recording() }

/// Encoding and decoding of what crosses the RPC for a request.
func messages() throws -> [Measurement] {
  var buffer = ByteBuffer()
  var encoded = ByteBuffer()
  Samples.submit.encode(into: &encoded)
  let answer = SubmitResponse(status: 200, headers: [], body: Array(#"{"id":"…","status":"accepted"}"#.utf8), outcome: .accepted)
  var encodedAnswer = ByteBuffer()
  answer.encode(into: &encodedAnswer)
  return [
    Measurement("encode SubmitRequest") {
      buffer.clear()
      Samples.submit.encode(into: &buffer)
      return buffer.readableBytes
    },
    try Measurement("decode SubmitRequest") { try SubmitRequest(decoding: encoded).body.count },
    Measurement("encode SubmitResponse") {
      buffer.clear()
      answer.encode(into: &buffer)
      return buffer.readableBytes
    },
    try Measurement("decode SubmitResponse") { try SubmitResponse(decoding: encodedAnswer).body.count },
  ]
}

/// Frames of a turn: 16 requests, so that what a read or write costs once counts little.
func frames() throws -> [Measurement] {
  let method = IngestServiceMethods.submit
  func write(into writer: inout FrameWriter) {
    for index in 0..<16 {
      let request = RequestEnvelope(
        service: method.service, method: method.name, payload: EncodedMessage(Samples.submit), timeout: .seconds(8))
      writer.request(request, flags: [], streamID: UInt32(2 * index + 1))
    }
  }
  var writer = FrameWriter()
  write(into: &writer)
  let bytes = writer.take()
  var reused = FrameWriter()
  var decoder = FrameDecoder()
  return [
    Measurement("write 16 request frames") {
      write(into: &reused)
      let count = reused.byteCount
      reused.reset()
      return count
    },
    try Measurement("read 16 request frames") {
      decoder.append(bytes)
      var count = 0
      while let frame = try decoder.next() { count += try ReceivedRequest(decoding: frame.payload).payload.readableBytes }
      return count
    },
  ]
}

/// Verification, paths, mapping, routing.
func rules() throws -> [Measurement] {
  let path = try ValuePath("body.user.email")
  let bearer = try Samples.trigger(#"{"mode":"bearer"}"#)
  let signed = try Samples.trigger(
    #"{"mode":"hmac","scheme":{"algorithm":"sha256","encoding":"hex","signature":{"in":"header","name":"x-signature"},"signed":"{body}"}}"#
  )
  func evaluate(_ name: String, _ trigger: CompiledTrigger) throws -> Measurement {
    let decide = { trigger.evaluate(Samples.request, credentials: Samples.credentials, nowUs: Samples.now.microseconds) }
    guard decide().entryNode == "welcome" else { throw Samples.Unusable() }
    return Measurement(name) { decide().variables.count }
  }
  let document = try JSONDocument(Samples.body)
  let key = Array(Samples.token.utf8)
  return [
    try Measurement("parse JSON, 1 KB") { try JSONDocument(Samples.body).bytes.count },
    Measurement("look up a member") { document.root["user"]?["email"] == nil ? 0 : 1 },
    try Measurement("parse a path") { try ValuePath(path.text).steps.count },
    Measurement("HMAC-SHA256, 1 KB") { HMAC.of(Samples.body, key: key, .sha256).count },
    try evaluate("evaluate, bearer", bearer),
    try evaluate("evaluate, HMAC", signed),
  ]
}

/// What becomes a batch, and what is counted.
func recording() throws -> [Measurement] {
  var requests = CopyBuffer()
  var runs = CopyBuffer()
  let metrics = PrometheusMetrics()
  let counter = Counter(label: "requests_total", factory: metrics)
  let timer = Metrics.Timer(label: "stage_seconds", factory: metrics)
  let latency = LatencyHistogram()
  let identifiers = RequestIDGenerator()
  return [
    Measurement("batch of 64 requests and runs") {
      requests.removeAll()
      runs.removeAll()
      for _ in 0..<64 {
        requests.append(Samples.row)
        runs.append(Samples.run, of: Samples.row)
      }
      return requests.byteCount + runs.byteCount
    },
    Measurement("metrics of a request") {
      counter.increment()
      timer.recordNanoseconds(12_345)
      latency.record(microseconds: 1234)
      return 1
    },
    Measurement("request identifier") { Int(truncatingIfNeeded: identifiers.next(unixMilliseconds: 1_767_323_045_000).low) },
  ]
}

let all = try measurements()
if CommandLine.arguments.contains("--json") {
  let members = all.map { "  \"\($0.name)\": {\"allocations\": \($0.allocations), \"nanoseconds\": \($0.nanoseconds)}" }
  print("{\n\(members.joined(separator: ",\n"))\n}")
} else {
  for measurement in all {
    let name = measurement.name + String(repeating: " ", count: max(1, 32 - measurement.name.count))
    print("\(name)\(measurement.allocations) allocations, \(Int(measurement.nanoseconds)) ns")
  }
}
