import Addresses
import Testing

@testable import Rules

@Suite("Amending a trigger")
struct FlowAmendingTests {
  private static let fields = #"""
    "auth":{"mode":"public"},"map":[{"variable":"email","from":"body.mail","type":"string","required":true},
      {"variable":"n","from":"body.n"}],"allow":{"ips":["203.0.113.0/24"]}
    """#

  private static func amended(_ amendment: TriggerAmendment, fields: String = fields) throws -> TriggerConfiguration {
    try #require(try Sample.flow(fields).amending(node: "hook", with: amendment).definition.node("hook")?.trigger)
  }

  private static func faults(_ amendment: TriggerAmendment, node: String = "hook") throws -> [String] {
    let flow = try Sample.flow(fields)
    do throws(InvalidFlow) {
      _ = try flow.amending(node: node, with: amendment)
      return []
    } catch {
      return error.faults.map { "\($0.path) \($0.code.rawValue)" }
    }
  }

  @Test("faults are at the fields of the amendment")
  func faults() throws {
    let lines = [
      TriggerAmendment.Line(variable: "ok", from: "body.a"), .init(variable: "email", from: "body..b"),
      .init(variable: "1 x", from: "nothing.a"),
    ]
    let paths = try Self.faults(
      TriggerAmendment(map: lines, addresses: ["198.51.100.1", "300.1.1.1"], origins: ["shop.example.com"])
    ).map { $0.split(separator: " ").first.map(String.init) ?? "" }
    #expect(Set(paths) == ["map[1].from", "map[2].variable", "map[2].from", "allow_ips[1]", "allow_origins[0]"])
    #expect(
      try Self.faults(TriggerAmendment(map: [.init(variable: "a", from: "ip"), .init(variable: "a", from: "ip")]))
        == ["map[1].variable duplicate"])
    #expect(try Self.faults(TriggerAmendment(), node: "welcome") == ["id unknown_reference"])
  }

  @Test("a line for a variable that is mapped changes its source and nothing else; new ones follow")
  func lines() throws {
    let map = try Self.amended(
      TriggerAmendment(map: [.init(variable: "new", from: "{{ body.a }}!"), .init(variable: "email", from: "body.user.email")])
    ).map
    #expect(map.map(\.variable) == ["email", "n", "new"])
    #expect(map.map(\.source.text) == ["body.user.email", "body.n", "{{ body.a }}!"])
    #expect(map[0].type == .string && map[0].isRequired)
  }

  @Test("what is allowed already is not added again, however it is written")
  func allowed() throws {
    let allow = try Self.amended(
      TriggerAmendment(
        addresses: ["203.0.113.0/24", "2001:db8::1", "2001:DB8:0::1"], origins: ["https://a.example", "https://a.example"])
    ).allow
    #expect(allow.addresses.map(\.description) == ["203.0.113.0/24", "2001:db8::1"])
    #expect(allow.origins.map(\.description) == ["https://a.example"])
    let first = try Self.amended(TriggerAmendment(addresses: ["198.51.100.7"]), fields: #""auth":{"mode":"public"}"#)
    #expect(first.allow.addresses.count == 1 && first.allow.origins.isEmpty && first.map.isEmpty)
  }
}
