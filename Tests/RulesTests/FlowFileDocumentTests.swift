import FoundationEssentials
import Testing

@testable import Rules

/// What the article on the flow file says must be so.
@Suite struct FlowFileDocumentTests {
  private static let article: String = {
    let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "/\(repository)/Sources/Rules/Rules.docc/FlowFile.md"
    return FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }()

  @Test(
    arguments: TriggerConfiguration.fields + ["preset", "secret", "public_key", "url", "tolerance", "verify_token", "handshake"])
  func namesEveryField(_ field: String) {
    let places = ["`\(field)`", "`\(field):", "\n## \(field)", "`auth.\(field)`"]
    #expect(places.contains { Self.article.contains($0) })
  }

  @Test func namesEveryMode() {
    for mode in AuthenticationMode.allCases { #expect(Self.article.contains("`\(mode.rawValue)`")) }
    for variant in SignedURLVariant.allCases { #expect(Self.article.contains("`\(variant.rawValue)`")) }
    for unit in SignatureTimeUnit.allCases { #expect(Self.article.contains("`\(unit.rawValue)`")) }
    for type in VariableType.allCases { #expect(Self.article.contains("`\(type.rawValue)`")) }
    for root in ValuePath.Root.allCases { #expect(Self.article.contains(root.rawValue)) }
  }

  @Test func saysWhichPresetsHaveADeadline() throws {
    let names = [
      "slack": "Slack", "zoom": "Zoom", "discord": "Discord", "shopify": "Shopify", "paddle": "Paddle", "xero": "Xero",
      "hubspot-v3": "HubSpot", "hubspot-v1": "HubSpot", "hubspot-v2": "HubSpot", "razorpay": "Razorpay",
    ]
    let limited = PresetDescription.all.filter { $0.deadline != nil }
    #expect(Set(limited.map(\.id)) == Set(names.keys))
    for preset in limited { #expect(Self.article.contains(try #require(names[preset.id]))) }
  }
}
