import Testing

@testable import Rules

/// The right credential in the wrong place is refused, and not kept.
@Suite struct MisplacedSecretsTests {
  private static let secret = "s3cr3t/with=signs+and"

  @Test(arguments: [
    ("a=1;token=\(secret)", "a=[redacted]"), ("TOKEN=\(secret)&b=2", "TOKEN=[redacted]&b=2"),
    ("x=s3cr3t%2Fwith%3Dsigns%2Band&y", "x=[redacted]&y"), ("\(secret)", "[redacted]"),
    ("token=prefix-\(secret)-suffix", "token=[redacted]"),
    ("a=1&b=s3cr3t", "a=1&b=s3cr3t"), ("&&=", "&&="),
  ])
  func inTheQuery(query: String, stored: String) throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"bearer"}"#)
    let decision = trigger.evaluate(Sample.json("{}", query: query), secret: Self.secret)
    #expect(decision.kind == .rejected(.credentialMissing))
    #expect(Sample.text(decision.storedQuery) == stored)
  }

  @Test func inAHeaderField() throws {
    let trigger = try Sample.trigger(#""auth":{"mode":"header","name":"x-api-key"}"#)
    let fields = [
      HeaderField("x_api_key", Self.secret), HeaderField("x-other", "value"), HeaderField("via", "a \(Self.secret) b"),
    ]
    let decision = trigger.evaluate(Sample.json("{}", headers: fields), secret: Self.secret)
    #expect(decision.kind == .rejected(.credentialMissing))
    #expect(decision.storedHeaders.suffix(3).map { Sample.text($0.value) } == ["[redacted]", "value", "[redacted]"])
  }
}
