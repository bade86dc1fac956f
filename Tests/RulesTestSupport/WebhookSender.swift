#if DEBUG  // Schemes are internal to Rules, and only debug builds let others see them.
  import Crypto
  package import Cryptography
  @testable package import Rules

  /// Signs requests as a preset's provider would; written apart from the verifier, on strings instead of pieces.
  package struct WebhookSender: Sendable {
    /// A request in parts that a test can change before it is put together.
    package struct Delivery: Sendable {
      package var headers: [String: String] = [:]
      package var query: [String: String] = [:]
      package var body: [UInt8] = []
      /// Of a form body, where single ones are signed.
      package var fields: [String: String] = [:]
      package var signature = ""

      /// The query in the order that is signed.
      package var queryText: String { query.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "&") }

      package var request: IncomingRequest {
        IncomingRequest(
          path: Array("/hook".utf8), query: Array(queryText.utf8),
          headers: headers.sorted { $0.key < $1.key }.map { HeaderField($0.key, $0.value) }, body: body,
          baseURL: Array(WebhookSender.baseURL.utf8), triggerKey: Array("wh_key".utf8))
      }
    }

    /// Where deliveries go: this, "/w/", the trigger's key, "/hook".
    package static let baseURL = "https://hooks.example.com"

    let scheme: SignatureScheme
    /// What the trigger is given: the shared secret, or the sender's public key.
    package var secret: SecretBytes
    /// Signs with the private key of schemes that have one.
    package var privateKey: (@Sendable ([UInt8]) throws -> [UInt8])?
    package var nowSeconds: Int64
    package var key: String

    init(scheme: SignatureScheme, secret: SecretBytes, nowSeconds: Int64 = 1_700_000_000, key: String = "wh_key") {
      self.scheme = scheme
      self.secret = secret
      self.nowSeconds = nowSeconds
      self.key = key
    }

    /// Presets that sign, with a shared secret or a key of their own.
    package static let presets = AuthenticationRule.presetNames.filter { PresetTable.presets[$0]?.rule.mode.isSigned == true }

    /// Presets whose requests carry a token in a header field or in the URL, and how that is called.
    package static let tokens: [(preset: String, header: String?, parameter: String?)] = AuthenticationRule.presetNames.compactMap
    {
      switch PresetTable.presets[$0]?.rule.method {
      case .header(let name, _)?: ($0, String(decoding: name, as: UTF8.self), nil)
      case .query(let name)?: ($0, nil, String(decoding: name, as: UTF8.self))
      case .open?, .bearer?, .basic?, .signature?, nil: nil
      }
    }

    /// A sender with a new secret of a preset's form, or a new pair of keys; `nil`: no such preset signs.
    package init?(preset: String) {
      guard let rule = PresetTable.presets[preset]?.rule, case .signature(let scheme) = rule.method else { return nil }
      self.init(scheme: scheme, secret: rule.generateSecret() ?? SecretBytes(copying: ""))
      switch rule.mode {
      case .ed25519:
        let key = Curve25519.Signing.PrivateKey()
        secret = SecretBytes(copying: Hex.encode(Array(key.publicKey.rawRepresentation)))
        privateKey = { Array(try key.signature(for: $0)) }
      case .ecdsaP256:
        let key = P256.Signing.PrivateKey()
        secret = SecretBytes(copying: Base64.encode(Array(key.publicKey.derRepresentation)))
        privateKey = { Array(try key.signature(for: $0).derRepresentation) }
      case .open, .bearer, .header, .query, .basic, .hmac: break
      }
    }

    /// What the trigger's field for the secret is called.
    package var secretField: String { privateKey == nil ? "secret" : "public_key" }

    /// The header field of the signed timestamp.
    package var timestampField: String? {
      if case .header(let name)? = scheme.timestamp?.place { text(name) } else { nil }
    }

    /// The signature covers the whole body.
    package var coversBody: Bool {
      scheme.bodyDigest != nil
        || scheme.signed.allSatisfy { $0.pieces.contains { $0.content == .value(.body, isLowercased: false) } }
    }

    /// The sender's time is signed and bounded.
    package var hasTolerance: Bool { scheme.timestamp?.toleranceSeconds != nil }

    /// A request with random values wherever the scheme looks.
    package func deliver() -> Delivery {
      var delivery = Delivery()
      var json = JSONTree()
      json.set(["filler"], token())
      let timestamp = timestampText
      switch scheme.timestamp?.place {
      case .header(let name)?: delivery.headers[text(name)] = timestamp
      case .json(let path)?: json.set(path.segments.map(text), timestamp)
      case .signature?, nil: break
      }
      let template = scheme.signed[0]
      var isForm = false
      var fields: [String: String] = [:]
      for piece in template.pieces {
        guard case .value(let value, _) = piece.content else { continue }
        switch value {
        case .source(.header(let name)): delivery.headers[text(name)] = token()
        case .source(.query(let name)): delivery.query[text(name)] = token()
        case .source(.json(let path)):
          if json.value(path.segments.map(text)) == nil { json.set(path.segments.map(text), token()) }
        case .sortedForm: isForm = true
        case .source(.form(let name)):
          // No text that a handshake would sign for anyone.
          fields[text(name)] = "!" + token()
        case .headerList(let name):
          var names = [text(name), "x-extra"]
          delivery.headers["x-extra"] = token()
          if case .header(let time)? = scheme.timestamp?.place { names.append(text(time)) }
          delivery.headers[text(name)] = names.sorted().joined(separator: ",")
        default: break
        }
      }
      isForm = isForm || !fields.isEmpty
      delivery.headers["content-type"] = isForm ? "application/x-www-form-urlencoded" : "application/json"
      delivery.body = Array((isForm ? "b=\(token())&a=\(token())&a=\(token())&c=1" : json.text).utf8)
      if !fields.isEmpty { delivery.body = Array(fields.map { "\($0)=\($1)" }.joined(separator: "&").utf8) }
      if let digest = scheme.bodyDigest {
        delivery.query[text(digest.parameter)] = Hex.encode(Digest.of(delivery.body, digest.algorithm))
      }
      delivery.fields = fields
      sign(&delivery, json, timestamp)
      return delivery
    }

    private func sign(_ delivery: inout Delivery, _ json: JSONTree, _ timestamp: String) {
      var json = json
      let message = message(delivery, json, timestamp)
      let code: [UInt8]
      switch scheme.algorithm {
      case .hmac(let hash): code = scheme.secret.withKey(of: secret) { HMAC.of(message, key: $0, hash) } ?? []
      case .digest(let hash): code = Digest.of(message, hash)
      case .publicKey: code = (try? privateKey?(scheme.prehash.map { Digest.of(message, $0) } ?? message)) ?? []
      }
      delivery.signature = encode(code)
      switch scheme.location.place {
      case .headers(let patterns):
        delivery.headers[patterns[0].isPrefix ? "\(text(patterns[0].name))1" : text(patterns[0].name)] = list(
          delivery.signature, timestamp)
      case .query(let name): delivery.query[text(name)] = list(delivery.signature, timestamp)
      case .form(let name):
        delivery.body += Array("&\(text(name))=\(list(delivery.signature, timestamp).replacing("&", with: "%26"))".utf8)
      case .json(let path):
        json.set(path.segments.map(text), list(delivery.signature, timestamp))
        delivery.body = Array(json.text.utf8)
      }
    }

    /// `t=…,v1=…` where the scheme has a list; otherwise the signature with its prefix.
    private func list(_ signature: String, _ timestamp: String) -> String {
      let separator = scheme.location.pairSeparator.map { text([$0]) } ?? ""
      let item = scheme.location.key.map { text($0) + separator + signature } ?? signature
      guard let listSeparator = scheme.location.listSeparator else { return item }
      var items = ["v9\(separator)other", item]
      if case .signature(let name)? = scheme.timestamp?.place { items.insert(text(name) + separator + timestamp, at: 0) }
      return items.joined(separator: text([listSeparator]))
    }

    private func message(_ delivery: Delivery, _ json: JSONTree, _ timestamp: String) -> [UInt8] {
      let query = delivery.queryText
      let url = "\(Self.baseURL)/w/\(key)/hook" + (query.isEmpty ? "" : "?" + query)
      var message: [UInt8] = []
      for piece in scheme.signed[0].pieces {
        switch piece.content {
        case .literal(let bytes): message += bytes
        case .value(let value, let isLowercased):
          let bytes: [UInt8] =
            switch value {
            case .body: delivery.body
            case .timestamp: Array(timestamp.utf8)
            case .method: Array("POST".utf8)
            case .url: Array(url.utf8)
            case .path: Array("/w/\(key)/hook".utf8)
            case .target: Array("/w/\(key)/hook\(query.isEmpty ? "" : "?" + query)".utf8)
            case .secret: secret.revealed()
            case .headerList(let name):
              Array(
                (delivery.headers[text(name)] ?? "").split(separator: ",").map { "\($0):\(delivery.headers["\($0)"] ?? "")" }
                  .joined(separator: ";").utf8)
            case .sortedForm: Array(sortedForm(text(delivery.body)).utf8)
            case .source(.header(let name)): Array((delivery.headers[text(name)] ?? "").utf8)
            case .source(.query(let name)): Array((delivery.query[text(name)] ?? "").utf8)
            case .source(.json(let path)): Array((json.value(path.segments.map(text)) ?? "").utf8)
            case .source(.form(let name)): Array((delivery.fields[text(name)] ?? "").utf8)
            }
          message += isLowercased ? Array(text(bytes).lowercased().utf8) : bytes
        }
      }
      return message
    }

    /// Tokens need no decoding.
    private func sortedForm(_ body: String) -> String {
      Set(body.split(separator: "&").map { $0.replacing("=", with: "\u{0}") }).sorted().joined().replacing("\u{0}", with: "")
    }

    private func encode(_ code: [UInt8]) -> String {
      switch scheme.encoding {
      case .hex: Hex.encode(code)
      case .base64: Base64.encode(code)
      case .base64url: Base64.encode(code, alphabet: .urlSafe, padding: .absent)
      }
    }

    private var timestampText: String {
      switch scheme.timestamp?.unit {
      case .milliseconds?, .auto?: "\(nowSeconds)000"
      // 1700000000
      case .iso8601?: "2023-11-14T22:13:20Z"
      case .rfc1123?: "Tue, 14 Nov 2023 22:13:20 GMT"
      default: "\(nowSeconds)"
      }
    }

    private func token() -> String { Hex.encode(SecureRandom.bytes(count: 8)) }
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
  }

  /// Text values by their path, as one JSON text; numeric names are positions of an array.
  struct JSONTree {
    private var values: [(path: [String], value: String)] = []

    mutating func set(_ path: [String], _ value: String) {
      values.removeAll { $0.path == path }
      values.append((path, value))
    }

    func value(_ path: [String]) -> String? { values.first { $0.path == path }?.value }

    var text: String { Self.text(values.map { ($0.path[...], $0.value) }) }

    private static func text(_ values: [(ArraySlice<String>, String)]) -> String {
      if values.count == 1, values[0].0.isEmpty { return "\"\(values[0].1)\"" }
      let groups = Dictionary(grouping: values) { $0.0.first ?? "" }.sorted { $0.key < $1.key }
      let members = groups.map { name, members in (name, text(members.map { ($0.0.dropFirst(), $0.1) })) }
      if members.allSatisfy({ Int($0.0) != nil }) { return "[" + members.map(\.1).joined(separator: ",") + "]" }
      return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
  }
#endif
