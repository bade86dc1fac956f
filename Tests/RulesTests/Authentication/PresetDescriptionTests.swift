import JSON
import RulesTestSupport
import Testing

@testable import Rules

@Suite("Preset descriptions")
struct PresetDescriptionTests {
  @Test("Every preset is described once, by id")
  func all() {
    #expect(PresetDescription.all.map(\.id) == AuthenticationRule.presetNames)
    #expect(PresetDescription("kiwfy") == nil)
    #expect(PresetDescription("") == nil)
  }

  @Test("What is said of known ones")
  func known() throws {
    let slack = try #require(PresetDescription("slack"))
    #expect(slack.mode == "hmac")
    #expect(slack.eventPath == "body.event.type")
    #expect(slack.deliveryPath == "body.event_id")
    #expect(slack.deduplicates)
    #expect(slack.deadline == .milliseconds(2500))
    #expect(
      Sample.text(slack.handshake)
        == #"{"match":{"json:type":"url_verification"},"after_verify":true,"respond":{"text":"{json:challenge}"}}"#)
    let hotmart = try #require(PresetDescription("hotmart"))
    #expect(Sample.text(hotmart.auth) == #"{"mode":"header","name":"x-hotmart-hottok"}"#)
    #expect(hotmart.handshake.isEmpty)
    #expect(hotmart.deadline == nil)
    #expect(PresetDescription("kiwify")?.deliveryPath == "")
    #expect(PresetDescription("line")?.deduplicates == false)
  }

  @Test("Scheme and handshake in a flow file, without the preset, do the same", arguments: PresetDescription.all)
  func spelledOut(_ description: PresetDescription) throws {
    let preset = try parseRule("{\"preset\": \"\(description.id)\"}")
    var auth = String(decoding: description.auth, as: UTF8.self)
    if !description.handshake.isEmpty {
      auth = auth.dropLast() + ",\"handshake\":\(String(decoding: description.handshake, as: UTF8.self))}"
    }
    let spelled = try parseRule(auth)
    #expect(spelled.mode == preset.mode)
    #expect(spelled.method == preset.method)
    #expect(spelled.handshake == preset.handshake)
    #expect(spelled.redactions == preset.redactions)
    #expect(spelled.presetName == nil)
    #expect(String(decoding: spelled.canonicalJSON, as: UTF8.self) == auth)
  }

  // MARK: the table of providers

  private static let schemes: [(id: String, json: JSONValue)] = {
    let table = try? SharedData.json("signatures/schemes.json")
    return table?.members.map { ($0.key.string ?? "", $0.value) } ?? []
  }()

  /// Schemes that the table describes in words of its own: a digest that the secret is a part of, and header fields that the
  /// request chooses.
  private static let inOtherWords = ["sha256-concat": "hmac", "custom:contentful-canonical": "hmac"]

  @Test(
    "Every provider is there, with event, delivery id and handshake",
    .enabled(if: SharedData.exists("signatures/schemes.json"), "shared/signatures/schemes.json is not there"))
  func providers() throws {
    #expect(Self.schemes.count >= 86)
    for (id, json) in Self.schemes {
      let preset = try #require(PresetDescription(id), "\(id)")
      if let event = try path(json["event_type"]), !(id.hasPrefix("hubspot") && event.isEmpty) {
        #expect(event == preset.eventPath, "\(id)")
      }
      if let delivery = try path(json["delivery_id"]), !delivery.isEmpty { #expect(delivery == preset.deliveryPath, "\(id)") }
      #expect(json["handshake"] == nil || !preset.handshake.isEmpty, "\(id)")
      let mode = json["mode"]?.string
      #expect(
        Self.inOtherWords[mode ?? ""]
          ?? ["hmac": "hmac", "token": "header", "ed25519": "ed25519", "ecdsa-p256-sha256": "ecdsa-p256"][mode ?? ""]
          == preset.mode)
    }
  }

  /// The table's words for a place as a payload path; "[]" is the first element.
  private func path(_ json: JSONValue?) throws -> String? {
    guard let text = json?.string else { return "" }
    if text.hasPrefix("form-json:") { return "body." + text.dropFirst(10).replacing("[]", with: "[0]") }
    let plain = text.replacing("json:[]", with: "json:0").replacing("[]", with: ".0")
    return try #require(ValueSource(plain)).payloadPath
  }

  @Test(
    "Every scheme of the table can be written in a flow file, and is the preset's",
    .enabled(if: SharedData.exists("signatures/schemes.json"), "shared/signatures/schemes.json is not there"))
  func ownSchemes() throws {
    var count = 0
    for (id, json) in Self.schemes where json["mode"]?.string == "hmac" {
      let fields = [
        "algorithm", "encoding", "signature", "signed", "timestamp", "secret", "url_variants", "body_digest", "guard",
      ]
      let scheme = fields.compactMap { field in
        json[field].map { "\"\(field)\":\(String(decoding: $0.raw, as: UTF8.self))" }
      }.joined(separator: ",").replacing("\"tolerance\": null", with: "\"tolerance\": \"none\"")
      var own = try parseRule("{\"mode\":\"hmac\",\"scheme\":{\(scheme)}}").method
      let preset = try parseRule("{\"preset\":\"\(id)\"}").method
      if id.hasPrefix("twilio"), case .signature(var variant) = own {
        // The presets also know that Twilio encodes an apostrophe.
        variant.urlVariants.append(.apostropheEncoded)
        own = .signature(variant)
      }
      if id == "hubspot-v3", case .signature(var variant) = own {
        variant.urlVariants = [.asIs, .reservedDecoded]
        own = .signature(variant)
      }
      if id == "adyen-standard", case .signature(var absent) = own, case .signature(let known) = preset {
        // An absent value is an empty one, which the table leaves to its reader.
        #expect(absent.signed.map(\.text) == known.signed.map { $0.text.filter { $0 != "[" && $0 != "]" } })
        absent.signed = known.signed
        own = .signature(absent)
      }
      #expect(own == preset, "\(id)")
      count += 1
    }
    #expect(count >= 74)
  }
}
