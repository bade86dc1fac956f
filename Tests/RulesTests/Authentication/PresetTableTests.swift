import JSON
import Testing

@testable import Rules

@Suite("Presets")
struct PresetTableTests {
  @Test("The table has no fault and no name twice")
  func table() {
    let (presets, faults) = PresetTable.load()
    #expect(faults.isEmpty, "\(faults.map(\.description))")
    #expect(Set(presets.map(\.id)).count == presets.count)
    #expect(presets.count == PresetTable.presets.count && presets.count >= 80)
  }

  @Test("Every path of a preset is a payload path")
  func paths() throws {
    for name in AuthenticationRule.presetNames {
      let rule = try parseRule("{\"preset\": \"\(name)\"}")
      for path in [rule.eventPath, rule.deliveryPath] {
        if let path { #expect(try ValuePath(path.text) == path) }
      }
    }
  }

  @Test(
    "Event and delivery paths",
    arguments: [
      ("github", #"headers["x-github-event"]"#, #"headers["x-github-delivery"]"#), ("stripe", "body.type", "body.id"),
      ("kiwify", "body.webhook_event_type", nil),
      ("shopify", #"headers["x-shopify-topic"]"#, #"headers["x-shopify-webhook-id"]"#),
      ("slack", "body.event.type", "body.event_id"), ("meta", "body.entry[0].changes[0].field", nil),
      ("mailgun", #"body["event-data"].event"#, #"body["event-data"].id"#),
    ] as [(String, String?, String?)])
  func known(_ name: String, _ event: String?, _ delivery: String?) throws {
    let rule = try parseRule("{\"preset\": \"\(name)\"}")
    #expect(rule.eventPath?.text == event)
    #expect(rule.deliveryPath?.text == delivery)
    #expect(rule.presetName == name)
  }

  @Test("A preset's scheme written out is the same scheme", arguments: AuthenticationRule.presetNames)
  func roundTrip(_ name: String) throws {
    let preset = try #require(PresetTable.presets[name])
    // Without its name the rule writes everything that the preset stands for.
    let spelled = AuthenticationRule(mode: preset.rule.mode, method: preset.rule.method)
    var writer = JSONWriter()
    spelled.writeCanonical(to: &writer)
    let again = try parseRule(String(decoding: writer.bytes, as: UTF8.self))
    #expect(again == spelled)
    #expect(again.presetName == nil)
  }
}
