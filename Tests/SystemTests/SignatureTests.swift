import Cryptography
import JSON
import RulesTestSupport
import Testing

/// Signed webhooks over HTTP, with the clock standing at the time of each.
@Suite("Signatures over HTTP", .timeLimit(.minutes(5)))
struct SignatureTests {
  /// Rightly signed, and not what their content type says: refused once the caller is known.
  private static let noJSON: Set<String> = [
    "adnanh-webhook/sha1-empty-body", "adnanh-webhook/sha256-empty-body", "hubspot/python-v1", "hubspot/python-v2",
  ]

  @Test(
    "Known answers of providers", .enabled(if: SignatureVector.isPresent, "shared/signatures/vectors.json is not there"))
  func vectors() async throws {
    try await withSystem { system in
      let days = Set(SignatureVector.deliveries.map { $0.nowSeconds / 86_400 })
      try await system.makePartitions(ofDays: days)
      var verdicts: [Int: Int] = [:]
      for (index, vector) in SignatureVector.deliveries.enumerated() {
        let id = vector.text("id")
        let method = vector.text("method").isEmpty ? "POST" : vector.text("method")
        let key = try await system.publish(
          flow: "vector-\(index)",
          trigger: "\"auth\": \(vector.auth(secret: vector.text("secret"))), \"methods\": [\"\(method)\"]")
        system.clock.set(seconds: vector.nowSeconds)
        var webhook = Webhook(key, body: vector.body)
        webhook.method = method
        webhook.headers = vector.headers.filter { $0.name != "content-length" }
        if !vector.query.isEmpty { webhook.target += "?\(vector.query)" }
        let answer = try await system.send(webhook)
        verdicts[answer.status, default: 0] += 1
        let expected = vector.text("expect") == "accept" ? (Self.noJSON.contains(id) ? 400 : 200) : 401
        #expect(answer.status == expected, "\(id): \(answer.body)")
      }
      // Whoever was answered 200 has a record and a run.
      let accepted = verdicts[200] ?? 0
      #expect(accepted >= 80 && (verdicts[401] ?? 0) >= 140, "\(verdicts)")
      #expect(try await system.count("SELECT count(*) FROM requests WHERE outcome = 1") == accepted)
      #expect(try await system.count("SELECT count(*) FROM runs") == accepted)
    }
  }

  /// Those of presets.
  private static let handshakes = SignatureVector.all.filter {
    $0.text("kind") == "handshake" && ["braintree", "dropbox", "monday", "slack"].contains($0.text("provider"))
  }

  @Test("Handshakes", .enabled(if: SignatureVector.isPresent, "shared/signatures/vectors.json is not there"))
  func handshakes() async throws {
    try await withSystem { system in
      #expect(Self.handshakes.count == 4)
      for vector in Self.handshakes {
        let preset = vector.text("provider")
        let secret = vector.text("secret").isEmpty ? "0123456789abcdef0123" : vector.text("secret")
        let key = try await system.publish(
          flow: preset, trigger: "\"auth\": {\"preset\": \"\(preset)\", \"secret\": \"\(secret)\"}")
        var webhook = Webhook(key, body: vector.body)
        webhook.method = vector.text("method")
        webhook.headers = preset == "monday" || preset == "slack" ? webhook.headers : []
        if !vector.query.isEmpty { webhook.target += "?\(vector.query)" }
        let answer = try await system.send(webhook)
        // Slack signs its handshake, and the vector carries no signature.
        if preset == "slack" {
          #expect(answer.status == 401)
          continue
        }
        let expected = vector.json["handshake"]?["expect_response"]
        #expect(answer.status == 200 && answer.body == expected?["body"]?.string, "\(preset): \(answer.status) \(answer.body)")
      }
      #expect(try await system.count("SELECT count(*) FROM runs") == 0)
    }
  }

  @Test("Every preset of a token with a random one, and with one bit changed")
  func tokens() async throws {
    try await withSystem { system in
      #expect(WebhookSender.tokens.count >= 6)
      for (preset, header, parameter) in WebhookSender.tokens {
        let token = Hex.encode(SecureRandom.bytes(count: 16))
        let key = try await system.publish(
          flow: "token-\(preset)", trigger: "\"auth\": {\"preset\": \"\(preset)\", \"secret\": \"\(token)\"}")
        var tokens: [(token: String?, status: Int)] = [(token, 200), (nil, 401), ("", 401)]
        for index in [0, 15, 31] {
          var changed = Array(token.utf8)
          changed[index] ^= 1
          tokens.append((String(decoding: changed, as: UTF8.self), 401))
        }
        for (token, status) in tokens {
          var webhook = Webhook(key, #"{"id": "\#(Hex.encode(SecureRandom.bytes(count: 8)))"}"#)
          if let header, let token { webhook.headers.append((header, token)) }
          if let parameter, let token { webhook.target += "?\(parameter)=\(token)" }
          let answer = try await system.send(webhook)
          #expect(answer.status == status, "\(preset), \(token ?? "none")")
        }
      }
    }
  }

  @Test("Every preset with a random secret and body, and with one bit changed")
  func presets() async throws {
    try await withSystem { system in
      var source = SystemRandomNumberGenerator()
      for preset in WebhookSender.presets {
        var sender = try #require(WebhookSender(preset: preset))
        let secret = String(decoding: sender.secret.revealed(), as: UTF8.self)
        let key = try await system.publish(
          flow: "preset-\(preset)", trigger: "\"auth\": {\"preset\": \"\(preset)\", \"\(sender.secretField)\": \"\(secret)\"}")
        sender.key = key
        // Where the sender's time is a text, it is the one of this second.
        sender.nowSeconds = 1_700_000_000
        try await system.makePartitions(ofDays: [sender.nowSeconds / 86_400])
        system.clock.set(seconds: sender.nowSeconds)
        let delivery = sender.deliver()
        let right = try await system.send(Webhook(delivery, key))
        #expect(right.status == 200, "\(preset): \(right.body)")

        if sender.coversBody {
          for _ in 0..<4 {
            var changed = delivery
            changed.body[Int.random(in: changed.body.indices, using: &source)] ^= 1 << UInt8.random(in: 0...7, using: &source)
            let answer = try await system.send(Webhook(changed, key))
            #expect(answer.status == 401, "\(preset), body \(String(decoding: changed.body, as: UTF8.self)): \(answer.body)")
          }
        }
        for changed in delivery.withSignatureChanged() {
          let answer = try await system.send(Webhook(changed, key))
          #expect(answer.status == 401, "\(preset), signature: \(answer.body)")
        }
        // The signed time, with one bit changed so that it is still within the tolerance: it is another text.
        if let field = sender.timestampField, let time = delivery.headers[field] {
          var changed = delivery
          changed.headers[field] = String(time.dropLast()) + (time.last == "0" ? "1" : time.last == "Z" ? "z" : "0")
          let answer = try await system.send(Webhook(changed, key))
          #expect(answer.status == 401, "\(preset), time: \(answer.body)")
        }
        if sender.hasTolerance {
          system.clock.set(seconds: sender.nowSeconds + 86_399 - sender.nowSeconds % 86_400)
          let late = try await system.send(Webhook(delivery, key))
          #expect(late.status == 401, "\(preset), late: \(late.body)")
        }
      }
    }
  }
}

extension Webhook {
  init(_ delivery: WebhookSender.Delivery, _ key: String) {
    self.init(key + "/hook" + (delivery.query.isEmpty ? "" : "?\(delivery.queryText)"), body: delivery.body)
    headers = delivery.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension WebhookSender.Delivery {
  /// The delivery with one bit of the signature changed: of its first, a middle and its last but one significant character.
  func withSignatureChanged() -> [WebhookSender.Delivery] {
    let length = signature.utf8.count
    return [0, length / 2, length - 4].compactMap { index in
      var bytes = Array(signature.utf8)
      // Between digits and letters of both alphabets, this bit always makes another one.
      bytes[index] = bytes[index] == UInt8(ascii: "b") ? UInt8(ascii: "c") : UInt8(ascii: "b")
      let changed = String(decoding: bytes, as: UTF8.self)
      var delivery = self
      for (name, value) in headers { delivery.headers[name] = value.replacing(signature, with: changed) }
      for (name, value) in query { delivery.query[name] = value.replacing(signature, with: changed) }
      delivery.body = Array(String(decoding: body, as: UTF8.self).replacing(signature, with: changed).utf8)
      return delivery
    }
  }
}
