import Cryptography
import JSON
import Rules
import RulesTestSupport
import Testing

extension SignatureVector: CustomTestStringConvertible {
  package var testDescription: String { text("id") }

  var rule: AuthenticationRule { get throws { try parseRule(auth()) } }
}

/// Known answers of providers and their libraries.
///
/// Policy vectors are followed as well: prefixes are case-sensitive, hex digits are not, timestamps are plain digits, and a
/// timestamp that lies ahead of the clock is judged like one that lies behind it.
@Suite("Signature vectors", .enabled(if: SignatureVector.isPresent, "shared/signatures/vectors.json is not there"))
struct SignatureVectorTests {
  @Test("The table covers every scheme of the vectors")
  func coverage() {
    let left = Set(SignatureVector.all.filter { $0.text("kind") == "delivery" }.map(\.scheme))
      .subtracting(AuthenticationRule.presetNames)
    #expect(left.isEmpty)
    #expect(SignatureVector.deliveries.count >= 251)
  }

  @Test("Deliveries", arguments: SignatureVector.deliveries)
  func delivery(_ vector: SignatureVector) throws {
    let nowUs = vector.nowSeconds * 1_000_000
    let result = try vector.rule.check(vector.request, vector.secrets, nowUs: nowUs)
    #expect(result.isVerified == (vector.text("expect") == "accept"), "\(vector.text("notes")): \(result)")
    // The vectors know four reasons; a malformed signature is also a wrong one, and the other way round when it is short.
    switch vector.text("reject_reason") {
    case "missing_signature": #expect(result.cause == .credentialMissing)
    case "timestamp": #expect(result.cause == .timestampStale)
    case "mismatch": #expect([.signatureWrong, .credentialWrong, .signatureMalformed].contains(result.cause))
    case "malformed":
      let causes: [RefusalCause?] = [
        .signatureMalformed, .credentialMissing, .timestampMalformed, .signatureWrong, .credentialDoubled, .credentialWrong,
      ]
      #expect(causes.contains(result.cause))
    default: break
    }
  }

  @Test(
    "Verified deliveries fail with an empty secret, no secret, and the secret's neighbour", arguments: SignatureVector.deliveries)
  func otherSecrets(_ vector: SignatureVector) throws {
    let nowUs = vector.nowSeconds * 1_000_000
    for secrets in [[], [""], [vector.text("secret") + "0"]] where !secrets.contains(where: vector.secrets.contains) {
      #expect(!(try vector.rule.check(vector.request, secrets, nowUs: nowUs).isVerified), "\(secrets.count)")
    }
  }

  @Test("HMAC primitives", arguments: SignatureVector.all.filter { $0.text("kind") == "primitive" })
  func primitive(_ vector: SignatureVector) throws {
    let algorithm = try #require(HashAlgorithm(rawValue: vector.text("algorithm")))
    let key = try #require(Hex.decode(vector.text("secret")))
    let code = Hex.encode(HMAC.of(vector.request.body, key: key, algorithm))
    // Some of RFC 2202's and 4231's answers are cut.
    #expect(code.hasPrefix(vector.text("expected_hex")) && vector.text("expected_hex").count >= 32)
  }
}
