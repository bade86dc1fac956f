package import Cryptography
import JSON

/// How a provider asks whether a URL is willing to receive its webhooks, and what it wants to hear, as data.
///
/// Where an answer is computed with the trigger's secret from a text that the caller chose, the text must not be one that
/// could be signed content: see `isSafeToSign`.
package struct Handshake: Hashable, Sendable {
  /// What a request must have to be the handshake.
  enum Condition: Hashable, Sendable {
    case method([UInt8])
    /// A value; `nil`: any, but not empty.
    case value(ValueSource, equals: [UInt8]?)
  }

  /// A text with values in it.
  enum Part: Hashable, Sendable {
    case literal([UInt8])
    case value(ValueSource)
    /// The text form of the HMAC of a value under the key that the trigger's secret stands for.
    case signed(ValueSource, HashAlgorithm, SignatureScheme.Encoding)
    /// The identifier that stands before the key in the trigger's secret.
    case secretIdentifier
  }

  /// Which values are signed for anyone who asks.
  enum SignedForm: String, Hashable, Sendable, CaseIterable {
    /// At most 256 letters, digits and `.-_~+/=`: signed content has a ":" (Zoom, Slack), a "{" (JSON) or a space in it.
    case token
    /// 20 to 32 hexadecimal digits in lower case (Braintree: lib/braintree/webhook_notification_gateway.rb).
    case hex
  }

  enum Response: Hashable, Sendable {
    /// Nothing but status and header fields.
    case empty
    case text([Part])
    case json([Member])
  }

  struct Member: Hashable, Sendable {
    var name: [UInt8]
    var value: [Part]
  }

  var conditions: [Condition]
  /// The value that must equal the trigger's verify token.
  var check: ValueSource?
  /// Whether the request is signed as any other and must be verified before it is answered.
  package var isAnsweredAfterVerification: Bool
  var response: Response
  var signs = SignedForm.token
  /// 200 to 299.
  var status = 200
  /// Further header fields of the answer, names lower-case.
  var headers: [Member] = []

  /// What a provider is answered.
  package struct Answer: Hashable, Sendable {
    /// 200 to 299, or 403 where the verify token is wrong.
    package var status: Int
    /// "text/plain; charset=utf-8" or "application/json".
    package var contentType: String
    /// Further header fields.
    package var headers: [HeaderField] = []
    /// The body; sent with `X-Content-Type-Options: nosniff`, because callers choose parts of it.
    package var body: [UInt8]
  }

  /// The longest value that is echoed, in bytes.
  static let maximumEcho = 1024

  /// The answer, when the request is this handshake; `nil` when it is none, or asks for something that is not answered.
  ///
  /// - Parameters:
  ///   - secret: the trigger's newest, for answers that prove it.
  ///   - form: how the secret becomes the key.
  ///   - verifyTokens: those that are accepted now, for providers that send one along; none: such a handshake is refused.
  package func answer(
    to request: IncomingRequest, secret: (some ByteSource)?, form: SignatureSecretForm = SignatureSecretForm(),
    verifyTokens: [some ByteSource], body: inout LazyBody
  ) -> Answer? {
    var reader = RequestReader(request, body: body)
    defer { body = reader.body }
    guard conditions.allSatisfy({ Self.holds($0, &reader) }) else { return nil }
    if let check {
      guard case .value(let given) = reader.value(check), Self.isOne(given, of: verifyTokens) else {
        return Answer(status: 403, contentType: Self.text, body: [])
      }
    }
    var answer = Answer(status: status, contentType: Self.text, body: [])
    switch response {
    case .empty: break
    case .text(let parts):
      guard let body = fill(parts, secret, form, &reader) else { return nil }
      answer.body = body
    case .json(let members):
      answer.contentType = "application/json"
      var writer = JSONWriter()
      writer.beginObject()
      for member in members {
        guard let value = fill(member.value, secret, form, &reader) else { return nil }
        writer.key(member.name)
        writer.string(value)
      }
      writer.endObject()
      answer.body = writer.bytes
    }
    for field in headers {
      guard let value = fill(field.value, secret, form, &reader), value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
        return nil
      }
      answer.headers.append(HeaderField(name: field.name, value: value))
    }
    return answer
  }

  /// Whether a text is one of the tokens, which are looked at all; an empty one never matches.
  private static func isOne(_ given: [UInt8], of tokens: [some ByteSource]) -> Bool {
    tokens.reduce(false) { found, token in
      let isEqual = !token.withBytes { $0.isEmpty } && constantTimeEqual(given, token)
      return found || isEqual
    }
  }

  private static let text = "text/plain; charset=utf-8"

  private static func holds(_ condition: Condition, _ reader: inout RequestReader) -> Bool {
    switch condition {
    case .method(let method): return reader.request.method == method
    case .value(let source, let wanted):
      guard case .value(let found) = reader.value(source) else { return false }
      return wanted.map { found == $0 } ?? !found.isEmpty
    }
  }

  private func fill(
    _ parts: [Part], _ secret: (some ByteSource)?, _ form: SignatureSecretForm, _ reader: inout RequestReader
  ) -> [UInt8]? {
    var text: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let bytes): text += bytes
      case .value(let source):
        guard case .value(let value) = reader.value(source), value.count <= Self.maximumEcho else { return nil }
        text += value
      case .secretIdentifier:
        guard let identifier = secret.flatMap({ form.identifier(of: $0) }) else { return nil }
        text += identifier
      case .signed(let source, let algorithm, let encoding):
        guard let secret, case .value(let value) = reader.value(source), signs.contains(value),
          let code = form.withKey(of: secret, { HMAC.of(value, key: $0, algorithm) })
        else { return nil }
        switch encoding {
        case .hex: text += Array(Hex.encode(code).utf8)
        case .base64: text += Array(Base64.encode(code).utf8)
        case .base64url: text += Array(Base64.encode(code, alphabet: .urlSafe, padding: .absent).utf8)
        }
      }
    }
    return text
  }

  /// Whether anyone can have this text signed by asking for it as a challenge: its signature is then no proof of who sent it.
  ///
  /// A webhook's text is longer, or has what no challenge can have: see `SignedForm`.
  func signsForAnyone(_ message: SignedMessage) -> Bool {
    !isAnsweredAfterVerification && isSigned && signs.contains(message.joined)
  }

  /// Whether the answer has something signed with the trigger's secret in it.
  var isSigned: Bool {
    let parts =
      switch response {
      case .empty: [Part]()
      case .text(let parts): parts
      case .json(let members): members.flatMap(\.value)
      }
    return (parts + headers.flatMap(\.value)).contains { part in
      if case .signed = part { true } else { false }
    }
  }
}

extension Handshake.SignedForm {
  /// Whether a text is of this form. An empty one never is.
  func contains(_ text: [UInt8]) -> Bool {
    switch self {
    case .token:
      (1...256).contains(text.count) && text.allSatisfy { HTTPToken.isLetterOrDigit($0) || ".-_~+/=".utf8.contains($0) }
    case .hex:
      (20...32).contains(text.count)
        && text.allSatisfy {
          (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
    }
  }
}
