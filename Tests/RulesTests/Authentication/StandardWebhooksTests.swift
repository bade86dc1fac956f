import Cryptography
import JSON
import Rules
import RulesTestSupport
import Testing

/// The cases of the Standard Webhooks libraries, and the examples that GitHub and Slack print.
@Suite(
  "Standard Webhooks",
  .enabled(if: SharedData.exists("corpora/standard-webhooks/vectors.json"), "shared/corpora/standard-webhooks is not there"))
struct StandardWebhooksTests {
  @Test("Cases of the libraries")
  func cases() throws {
    let file = try SharedData.json("corpora/standard-webhooks/vectors.json")
    let rule = try parseRule(#"{"preset": "standard-webhooks"}"#)
    let cases = try #require(file["cases"]?.elements.map { $0 })
    #expect(cases.count >= 16)
    for given in cases {
      let name = given["name"]?.string ?? ""
      let secret = given["secret"]?.string ?? file["secret"]?.string ?? ""
      if given["config_error"]?.boolean == true {
        #expect(rule.fault(ofSecret: SecretBytes(copying: secret), at: "secret") != nil, "\(name)")
        continue
      }
      let timestamp = given["timestamp_header"]?.integer ?? file["timestamp"]?.integer ?? 0
      var headers = [
        ("webhook-id", file["id"]?.string ?? ""), ("webhook-timestamp", String(timestamp)),
        ("webhook-signature", given["sig"]?.string ?? ""),
      ]
      headers.removeAll { $0.0 == given["omit"]?.string }
      let request = IncomingRequest.post(headers, body: file["payload"]?.string ?? "")
      let result = rule.check(request, [secret], nowUs: (given["now"]?.integer ?? timestamp) * 1_000_000)
      #expect(result.isVerified == (given["valid"]?.boolean ?? false), "\(name): \(result)")
    }
  }

  @Test("GitHub's and Slack's printed examples")
  func printed() throws {
    let file = try SharedData.json("corpora/standard-webhooks/provider_vectors.json")
    let github = try #require(file["github"])
    let first = IncomingRequest.post(
      [("x-hub-signature-256", github["X-Hub-Signature-256"]?.string ?? "")], body: github["body"]?.string ?? "")
    #expect(try parseRule(#"{"preset": "github"}"#).check(first, [github["secret"]?.string ?? ""]).isVerified)
    let slack = try #require(file["slack"])
    let time = try #require(slack["ts"]?.integer)
    let second = IncomingRequest.post(
      [("x-slack-signature", slack["X-Slack-Signature"]?.string ?? ""), ("x-slack-request-timestamp", String(time))],
      body: slack["body"]?.string ?? "")
    #expect(
      try parseRule(#"{"preset": "slack"}"#).check(second, [slack["secret"]?.string ?? ""], nowUs: time * 1_000_000).isVerified)
  }
}
