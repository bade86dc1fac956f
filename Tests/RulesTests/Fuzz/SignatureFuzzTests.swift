import Cryptography
import JSON
import Testing

@testable import Rules

@Suite("Fuzz: schemes, and what customers are known by") struct SignatureFuzzTests {
  @Test("What is signed by a scheme is accepted by it, and by no other secret", arguments: Fuzz.seeds)
  func verifiesWhatItSigns(_ seed: UInt64) throws {
    var signed = 0
    try Fuzz.rounds(250, seed: seed) { source in
      var fuzz = FlowFileFuzz(source: source)
      guard let rule = try? parseRule(#"{"mode":"hmac","scheme":\#(fuzz.scheme())}"#) else { return }
      #expect(try parseRule(String(decoding: rule.canonicalJSON, as: UTF8.self)) == rule)
      let secret = try #require(rule.generateSecret())
      let now: Int64 = 1_700_000_000_123_456
      // Whatever comes is accepted or refused.
      let request = fuzz.request()
      var body = LazyBody(request)
      #expect(!rule.verify(request, secrets: [secret], nowUs: now, body: &body).isVerified)
      guard let whole = try? RequestSigner.sign(request, by: rule, secret: secret, nowUs: now) else { return }
      signed += 1
      let other = try #require(rule.generateSecret())
      body = LazyBody(whole)
      #expect(rule.verify(whole, secrets: [other, secret], nowUs: now, body: &body) == .verified(secretIndex: 1))
      body = LazyBody(whole)
      #expect(!rule.verify(whole, secrets: [other], nowUs: now, body: &body).isVerified)
    }
    #expect(signed > 8 * Fuzz.factor, "\(signed): the test has become blind")
  }

  @Test("The signed text is read and written alike, whatever it is", arguments: Fuzz.seeds)
  func readsTemplates(_ seed: UInt64) {
    var accepted = 0
    Fuzz.rounds(800, seed: seed) { source in
      var fuzz = FlowFileFuzz(source: source)
      let text = fuzz.template().replacing("\\\\", with: "\\")
      guard let template = try? SignedTemplate(text) else { return }
      accepted += 1
      #expect(template.text == text)
      let request = fuzz.request()
      var reader = RequestReader(request, body: LazyBody(request))
      let values = SignedMessage.Values(url: Array("https://a.example:1/w/x?y".utf8), timestamp: Array("1".utf8))
      guard let message = try? SignedMessage(template, values, &reader) else { return }
      #expect(message.secretPlaces.allSatisfy { message.pieces.indices.contains($0) && message.pieces[$0].isEmpty })
    }
    #expect(accepted > 100 * Fuzz.factor, "\(accepted)")
  }

  /// What a value is known by must be the same when it comes as that: else a customer would not be found by its own value.
  @Test("Normalizing what is normalized changes nothing", arguments: Fuzz.seeds)
  func normalizesOnce(_ seed: UInt64) throws {
    let kinds: [ContactKind] = [.name, .email, .phone, .document, .whatsapp, .instagram, .telegram, .sms, .webchat]
    let words = [
      "ana", "@", "EXAMPLE", ".com", "é", "ß", "İ", "\u{301}", " ", "\u{a0}", "\u{200b}", "+", "55", "11", "98765-4321", "(", ")",
      "0", "00", "whatsapp:", "@c.us", "@s.whatsapp.net", "＠", "１", "xn--", "münchen", "-", "_", "\u{0}", "😀", "123.456.789-09",
      "/",
    ]
    let values = ["ana", "Ana.B", "a@b.example", "11987654321", "123.456.789-09"]
    var normal = 0
    Fuzz.rounds(800, seed: seed) { source in
      let kind = source.pick(kinds)
      let region = source.pick(["BR", "US", "DE", ""])
      var text = source.oneIn(10) ? source.bytes(upTo: 40) : Array(source.text(of: words, upTo: 6).utf8)
      // What stands around a value, perhaps twice.
      if source.oneIn(3) {
        text = Array((source.text(of: ["@", " ", "whatsapp:", "+"], upTo: 3) + source.pick(values)).utf8) + text.suffix(2)
      }
      guard let value = try? kind.normalize(text, region: region) else { return }
      normal += 1
      #expect(!value.isEmpty && value.utf8.count <= kind.maximumBytes, "\(kind) \(text)")
      #expect(
        (try? kind.normalize(Array(value.utf8), region: region)) == value, "\(kind) \(String(decoding: text, as: UTF8.self))")
    }
    #expect(normal > 100 * Fuzz.factor, "\(normal)")
  }
}
