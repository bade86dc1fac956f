import Cryptography
package import JSON
package import Rules

/// One entry of shared/signatures/vectors.json.
package struct SignatureVector: Sendable {
  package let json: JSONValue

  package func text(_ field: String) -> String { json[field]?.string ?? "" }

  package var scheme: String { text("scheme") }

  package static let all: [SignatureVector] = {
    let vectors = (try? SharedData.json("signatures/vectors.json"))?.elements.map { SignatureVector(json: $0) }
    return vectors ?? []
  }()

  /// Those of a scheme that is a preset.
  package static let deliveries = all.filter {
    $0.text("kind") == "delivery" && AuthenticationRule.presetNames.contains($0.scheme)
  }

  package static let isPresent = SharedData.exists("signatures/vectors.json")

  /// The query of the URL, without "?".
  package var query: String {
    let url = text("url")
    return url.firstIndex(of: "?").map { String(url[url.index(after: $0)...]) } ?? ""
  }

  package var headers: [(name: String, value: String)] {
    json["headers"]?.members.map { (($0.key.string ?? "").lowercased(), $0.value.string ?? "") } ?? []
  }

  package var body: [UInt8] { json["body"]?.stringBytes ?? Base64.decode(text("body_base64")) ?? [] }

  package var request: IncomingRequest {
    IncomingRequest(
      method: Array(text("method").utf8), query: Array(query.utf8), headers: headers.map { HeaderField($0.name, $0.value) },
      body: body)
  }

  package var secrets: [String] { [text("secret")] + (json["extra_secrets"]?.elements.compactMap(\.string) ?? []) }

  /// When the vector is to be verified; 0: at any time.
  package var nowSeconds: Int64 { json["now_unix"]?.integer ?? 0 }

  /// The `auth` object of a trigger that gets such deliveries, with the secret where one is given.
  package func auth(secret: String? = nil) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("preset")
    writer.string(scheme)
    let mode = Self.modes[scheme]
    if mode?.isSigned == true {
      writer.key("url")
      writer.string(text("url"))
    }
    if let secret {
      writer.key(mode?.usesPublicKey == true ? "public_key" : "secret")
      writer.string(secret)
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// How each preset verifies.
  private static let modes: [String: AuthenticationMode] = Dictionary(
    uniqueKeysWithValues: AuthenticationRule.presetNames.compactMap { preset in
      var faults: [ConfigurationFault] = []
      guard let json = try? JSONDocument(Array("{\"preset\": \"\(preset)\"}".utf8)).root,
        let rule = AuthenticationRule.parse(json, at: "auth", faults: &faults)?.rule
      else { return nil }
      return (preset, rule.mode)
    })
}
