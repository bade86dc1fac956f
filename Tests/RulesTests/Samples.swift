import Addresses
import Cryptography
import JSON
import Testing

@testable import Rules

/// Short ways to make what the tests are about.
enum Sample {
  static let identity = TriggerIdentity(id: "0190a000-0000-7000-8000-000000000001", flow: "orders", node: "hook")

  static func json(_ body: String, query: String = "", headers: [HeaderField] = []) -> IncomingRequest {
    IncomingRequest(
      query: Array(query.utf8), headers: [HeaderField("content-type", "application/json")] + headers, body: Array(body.utf8))
  }

  static func form(_ body: String) -> IncomingRequest {
    IncomingRequest(headers: [HeaderField("content-type", "application/x-www-form-urlencoded")], body: Array(body.utf8))
  }

  static func payload(_ request: IncomingRequest) throws -> Payload {
    Payload(request, body: try RequestBody(request), trigger: identity)
  }

  static func scope(_ request: IncomingRequest) throws -> TemplateScope {
    let constants = try JSONDocument(Array(#"{"shop":"Loja","rate":1.50,"live":true}"#.utf8)).root
    return TemplateScope(
      payload: try payload(request),
      constants: ["shop": try #require(constants["shop"]), "rate": try #require(constants["rate"])],
      environment: environment)
  }

  static let environment = WorkspaceEnvironment(variables: [
    "region": WorkspaceEnvironment.Variable("BR"),
    "token": WorkspaceEnvironment.Variable("canary-secret", isSecret: true),
  ])

  /// A flow with one trigger, `hook`; `fields` are its members besides id and type.
  static func flow(_ fields: String, connections: String = "") throws -> FlowDefinition {
    try FlowDefinition.parse(flowText(fields, connections: connections)).definition
  }

  static func flowText(_ fields: String, connections: String = "") -> [UInt8] {
    let node = #"{"id":"hook","type":"webhook_trigger",\#(fields)}"#
    let others = #"{"id":"welcome","type":"task"},{"id":"other","type":"task"}"#
    return Array(
      #"{"flow":"orders","constants":{"shop":"Loja"},"nodes":[\#(node),\#(others)],"connections":[\#(connections)]}"#.utf8)
  }

  static func trigger(_ fields: String, connections: String = "") throws -> CompiledTrigger {
    try #require(CompiledTrigger(try flow(fields, connections: connections), node: "hook", triggerID: identity.id))
  }

  static func faults(_ text: String) -> [ConfigurationFault] { faults(Array(text.utf8)) }

  static func faults(_ bytes: [UInt8]) -> [ConfigurationFault] {
    do throws(InvalidFlow) {
      _ = try FlowDefinition.parse(bytes)
      return []
    } catch {
      return error.faults
    }
  }

  static func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}

extension PayloadValue {
  /// The value as JSON text.
  var json: String {
    var writer = JSONWriter()
    write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension CompiledTrigger {
  func evaluate(_ request: IncomingRequest, secret: String? = nil) -> Decision {
    evaluate(
      request, credentials: TriggerCredentials(secrets: secret.map { [SecretBytes(copying: Array($0.utf8))] } ?? []),
      environment: Sample.environment, nowUs: 1_700_000_000_000_000)
  }
}
