import Cryptography
import HeadgateProto
import Identifiers
import Postgres
import Rules
import Store

/// A webhook of about 1 KB, as a shop sends it.
enum Samples {
  static let token = "s3cr3t-s3cr3t-s3cr3t-s3cr3t"
  static let body = Array(
    (#"{"event":"order_approved","data":[{"name":"Ana","id":1}],"user":{"email":"ana@example.com","phone":"+5511999990000"},"pad":""#
      + String(repeating: "x", count: 850) + "\"}").utf8)
  static let now = UnixTime(microseconds: 1_767_323_045_000_000)
  static let id = UniqueID(high: 0x0190_a000_0000_7000, low: 0x8000_0000_0000_0001)

  static let headers = [
    ("host", "hooks.example.com"), ("user-agent", "shop/1.0"), ("accept", "*/*"), ("content-type", "application/json"),
    ("content-length", "\(body.count)"), ("authorization", "Bearer \(token)"),
    ("x-signature", Hex.encode(HMAC.of(body, key: Array(token.utf8), .sha256))),
  ].map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) }

  static let submit = SubmitRequest(
    requestId: id.bytes, triggerKey: Array("wh_0123456789abcdefghijklmnop".utf8), method: Array("POST".utf8),
    headers: headers.map { Header(name: $0.name, value: $0.value) }, body: body, clientAddress: [203, 0, 113, 7],
    receivedAtUs: now.microseconds, baseUrl: Array("https://hooks.example.com".utf8))

  static let request = IncomingRequest(
    id: id, method: submit.method, headers: headers.map { HeaderField(name: $0.name, value: $0.value) }, body: body,
    receivedAtUs: now.microseconds, baseURL: submit.baseUrl, triggerKey: submit.triggerKey)

  static let row = RequestRow(
    workspace: id, id: id, trigger: id, flowVersion: 1, receivedAt: now, method: submit.method,
    headers: [UInt8](repeating: 7, count: 200), body: body, bodyLength: Int32(body.count), clientAddress: [203, 0, 113, 7],
    outcome: 1, status: 200, event: Array("order_approved".utf8), output: "approved",
    explanation: [UInt8](repeating: 7, count: 120))

  static let run = NewRun(
    id: id, flow: id, flowVersion: 1, trigger: id, node: "hook", output: "approved", entryNode: "welcome",
    variables: Array(#"{"email":"ana@example.com"}"#.utf8), event: Array("order_approved".utf8))

  static let credentials = TriggerCredentials(secrets: [SecretBytes(copying: Array(token.utf8))])

  /// A trigger with one mapped field and two cases; `authentication` is the value of `auth`.
  static func trigger(_ authentication: String) throws -> CompiledTrigger {
    let node =
      #"{"id":"hook","type":"webhook_trigger","auth":\#(authentication),"events":{"path":"body.event","cases":["#
      + #"{"id":"refunded","value":"order_refunded"},{"id":"approved","value":"order_approved"}]},"#
      + #""map":[{"variable":"email","from":"body.user.email"}]}"#
    let text =
      #"{"flow":"orders","nodes":[\#(node),{"id":"welcome","type":"task"}],"connections":[{"from":"hook.approved","to":"welcome"}]}"#
    let definition = try FlowDefinition.parse(Array(text.utf8)).definition
    guard let trigger = CompiledTrigger(definition, node: "hook", triggerID: id.description) else { throw Unusable() }
    return trigger
  }

  struct Unusable: Error {}
}
