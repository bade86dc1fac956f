import Cryptography
import JSON
import Rules
import Testing

/// Parses an `auth` object at the path "auth".
private func parse(_ json: String) throws -> (parsed: ParsedAuthentication?, faults: [String]) {
  var faults: [ConfigurationFault] = []
  let parsed = AuthenticationRule.parse(try JSONDocument(Array(json.utf8)).root, at: "auth", faults: &faults)
  return (parsed, faults.map { "\($0.path) \($0.code.rawValue)" })
}

@Suite("The auth object")
struct AuthenticationConfigurationTests {
  @Test(
    "Every fault with its path",
    arguments: [
      ("[]", ["auth wrong_type"]), ("{}", ["auth.mode required"]), (#"{"mode": "hmca"}"#, ["auth.mode invalid_value"]),
      (#"{"mode": "beer", "secret": ""}"#, ["auth.mode invalid_value", "auth.secret required"]),
      (#"{"mode": "ed2551", "public_key": 5}"#, ["auth.mode invalid_value", "auth.public_key wrong_type"]),
      (#"{"mode": 1}"#, ["auth.mode wrong_type"]), (#"{"mode": "bearer", "mode": "bearer"}"#, ["auth.mode duplicate"]),
      (#"{"mode": "bearer", "tokn": "x"}"#, ["auth.tokn unknown_field"]),
      (#"{"mode": "public", "secret": "x"}"#, ["auth.secret unknown_field"]),
      (#"{"mode": "bearer", "secret": ""}"#, ["auth.secret required"]),
      (#"{"mode": "bearer", "secret": " padded "}"#, ["auth.secret invalid_value"]),
      (#"{"mode": "bearer", "secret": 5}"#, ["auth.secret wrong_type"]), (#"{"mode": "header"}"#, ["auth.name required"]),
      (#"{"mode": "header", "name": "x y"}"#, ["auth.name invalid_value"]),
      (#"{"mode": "query", "name": ""}"#, ["auth.name required"]), (#"{"mode": "basic"}"#, ["auth.username required"]),
      (#"{"mode": "basic", "username": "a:b"}"#, ["auth.username invalid_value"]),
      (#"{"mode": "hmac"}"#, ["auth.scheme required"]),
      (#"{"mode": "hmac", "preset": "kiwfy"}"#, ["auth.preset unknown_reference"]),
      (#"{"preset": "kiwfy"}"#, ["auth.preset unknown_reference"]),
      (#"{"mode": "bearer", "preset": "github"}"#, ["auth.mode conflict"]),
      (#"{"preset": "github", "scheme": {}}"#, ["auth.scheme conflict"]),
      (#"{"preset": "github", "tolerance": 5}"#, ["auth.tolerance conflict"]),
      (#"{"preset": "stripe", "tolerance": 0}"#, ["auth.tolerance invalid_value"]),
      (#"{"preset": "square", "url": "ftp://x"}"#, ["auth.url invalid_value"]),
      (#"{"preset": "standard-webhooks", "secret": "whsec_"}"#, ["auth.secret invalid_value"]),
      (#"{"preset": "adyen-header", "secret": "not hex"}"#, ["auth.secret invalid_value"]),
      (#"{"preset": "discord", "public_key": "abc"}"#, ["auth.public_key invalid_value"]),
      (#"{"preset": "discord", "secret": "abc"}"#, ["auth.secret unknown_field"]),
      (#"{"mode": "hmac", "scheme": {}}"#, ["auth.scheme.algorithm required", "auth.scheme.signature required"]),
    ] as [(String, [String])])
  func faults(_ json: String, _ expected: [String]) throws {
    let (parsed, faults) = try parse(json)
    #expect(faults == expected)
    #expect(parsed == nil)
  }

  @Test(
    "Every fault of a scheme with its path",
    arguments: [
      (#""algorithm": "md5""#, "auth.scheme.algorithm invalid_value"),
      (#""encoding": "base32""#, "auth.scheme.encoding invalid_value"),
      (#""signed": "{bod}""#, "auth.scheme.signed invalid_value"), (#""signed": "text""#, "auth.scheme.signed invalid_value"),
      (#""signed": "{body""#, "auth.scheme.signed invalid_value"), (#""signed": "[{body}""#, "auth.scheme.signed invalid_value"),
      (#""signed": "[[{body}]]""#, "auth.scheme.signed invalid_value"),
      (#""signed": "{body}]""#, "auth.scheme.signed invalid_value"),
      (#""signed": "{body|upper}""#, "auth.scheme.signed invalid_value"), (#""signed": []"#, "auth.scheme.signed required"),
      (#""signed": ["{body}", 1]"#, "auth.scheme.signed[1] wrong_type"),
      (#""signed": "{ts}{body}""#, "auth.scheme.timestamp required"),
      (#""signature": {"in": "cookie", "name": "x"}"#, "auth.scheme.signature.in invalid_value"),
      (#""signature": {"in": "cookie", "name": ""}"#, "auth.scheme.signature.name required"),
      (#""timestamp": {"in": "cookie", "name": 5}"#, "auth.scheme.timestamp.name wrong_type"),
      (#""signature": {"in": "header", "name": "x y"}"#, "auth.scheme.signature.name invalid_value"),
      (#""signature": {"in": "header", "name": []}"#, "auth.scheme.signature.name required"),
      (#""signature": {"in": "header", "name": ["a", 1]}"#, "auth.scheme.signature.name[1] invalid_value"),
      (#""signature": {"in": "header", "name": "x", "key": "v1"}"#, "auth.scheme.signature.kv_sep required"),
      (#""signature": {"in": "header", "name": "x", "kv_sep": "="}"#, "auth.scheme.signature.key required"),
      (#""signature": {"in": "header", "name": "x", "kv_sep": "==", "key": "v"}"#, "auth.scheme.signature.kv_sep invalid_value"),
      (#""signature": {"in": "json", "name": "a..b"}"#, "auth.scheme.signature.name invalid_value"),
      (#""timestamp": {"in": "signature", "name": "t"}"#, "auth.scheme.timestamp.in conflict"),
      (#""timestamp": {"in": "header", "name": "x", "unit": "us"}"#, "auth.scheme.timestamp.unit invalid_value"),
      (#""timestamp": {"in": "header", "name": "x", "tolerance": -1}"#, "auth.scheme.timestamp.tolerance invalid_value"),
      (#""secret": {"decode": "rot13"}"#, "auth.scheme.secret.decode invalid_value"),
      (#""secret": {"strip": "x"}"#, "auth.scheme.secret.strip unknown_field"),
      (#""url_variants": ["as_was"]"#, "auth.scheme.url_variants[0] invalid_value"),
      (#""body_digest": {"in": "header", "name": "x", "algorithm": "sha256"}"#, "auth.scheme.body_digest.in invalid_value"),
      (#""guard": {"json_array_len": ["items"]}"#, "auth.scheme.guard.json_array_len invalid_value"),
      (#""verifier": "magic""#, "auth.scheme.verifier unknown_field"),
    ] as [(String, String)])
  func schemeFaults(_ field: String, _ expected: String) throws {
    var fields = [
      "algorithm": #""algorithm": "sha256""#, "signature": #""signature": {"in": "header", "name": "x-signature"}"#,
    ]
    fields[String(field.dropFirst().prefix { $0 != "\"" })] = field
    let scheme = fields.sorted { $0.key < $1.key }.map(\.value).joined(separator: ", ")
    let (parsed, faults) = try parse("{\"mode\": \"hmac\", \"scheme\": {\(scheme)}}")
    #expect(faults.contains(expected) && parsed == nil, "\(faults)")
  }

  @Test(
    "The canonical text, which reads as itself and never has a secret",
    arguments: [
      (#"{"mode": "public"}"#, #"{"mode":"public"}"#), (#"{"secret": "0123456789", "mode": "bearer"}"#, #"{"mode":"bearer"}"#),
      (#"{"prefix": "Token ", "name": "X-Token", "mode": "header"}"#, #"{"mode":"header","name":"x-token","prefix":"Token "}"#),
      (#"{"mode": "query"}"#, #"{"mode":"query","name":"token"}"#),
      (#"{"mode": "basic", "username": "u", "secret": "pending"}"#, #"{"mode":"basic","username":"u"}"#),
      (#"{"preset": "kiwify"}"#, #"{"mode":"hmac","preset":"kiwify"}"#),
      (#"{"preset": "hotmart"}"#, #"{"mode":"header","preset":"hotmart"}"#),
      (#"{"preset": "stripe", "tolerance": 600}"#, #"{"mode":"hmac","preset":"stripe","tolerance":600}"#),
      (
        #"{"preset": "square", "url": "https://shop.example/x?y"}"#,
        #"{"mode":"hmac","preset":"square","url":"https://shop.example/x?y"}"#
      ),
      (
        #"{"mode": "hmac", "scheme": {"signature": {"name": "X-Sig", "in": "header"}, "algorithm": "sha512"}}"#,
        #"{"mode":"hmac","scheme":{"algorithm":"sha512","encoding":"hex","signature":{"in":"header","name":"x-sig"},"signed":"{body}"}}"#
      ),
    ] as [(String, String)])
  func canonical(_ json: String, _ expected: String) throws {
    for text in [json, expected] {
      let parsed = try #require(try parse(text).parsed)
      var writer = JSONWriter()
      parsed.rule.writeCanonical(to: &writer)
      #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }
  }

  @Test("What is said of the secret")
  func secrets() throws {
    func secret(_ json: String) throws -> SecretInput? { try parse(json).parsed?.secret }
    #expect(try secret(#"{"mode": "bearer"}"#) == SecretInput.none)
    #expect(try secret(#"{"mode": "bearer", "secret": null}"#) == SecretInput.none)
    #expect(try secret(#"{"mode": "bearer", "secret": "generated"}"#) == .generated)
    #expect(try secret(#"{"preset": "stripe", "secret": "pending"}"#) == .pending)
    #expect(try secret(#"{"preset": "stripe", "secret": "whsec_x"}"#) == .given(Array("whsec_x".utf8)))
    let key = String(repeating: "00", count: 31) + "01"
    #expect(try secret("{\"preset\": \"discord\", \"public_key\": \"\(key)\"}") == .given(Array(key.utf8)))
  }

  @Test("Generated secrets verify with their own rule and differ", arguments: AuthenticationRule.presetNames)
  func generated(_ name: String) throws {
    let rule = try parseRule("{\"preset\": \"\(name)\"}")
    guard let secret = rule.generateSecret(), let other = rule.generateSecret() else {
      #expect(rule.mode.usesPublicKey)
      return
    }
    #expect(rule.fault(ofSecret: secret, at: "secret") == nil)
    #expect(secret != other && secret.count >= 43)
  }

  @Test("Neither rules nor secrets print a secret")
  func descriptions() throws {
    let parsed = try #require(try parse(#"{"mode": "bearer", "secret": "canary-canary-canary"}"#).parsed)
    var dumped = ""
    dump(parsed, to: &dumped)
    for text in ["\(parsed)", String(reflecting: parsed), dumped] { #expect(!text.contains("canary")) }
  }
}
