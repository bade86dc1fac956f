import Cryptography

/// Puts the values of a request into a template.
struct SignedMessage {
  /// What the values are taken from, besides the request itself.
  struct Values {
    /// The public URL, as one of its variants.
    var url: [UInt8] = []
    /// As the sender wrote it.
    var timestamp: [UInt8]?
    /// The header field that it stands in, which a list of signed fields must name.
    var timestampField: [UInt8]?
  }

  /// One after another, these are the signed bytes. Empty where the secret stands.
  let pieces: [[UInt8]]
  /// Where among the pieces the secret stands.
  let secretPlaces: [Int]

  /// The most header fields that a request can have signed.
  static let maximumFields = 64

  /// - Throws: `AuthenticationRefusal` when a value that is not optional is absent, or one occurs twice.
  init(_ template: SignedTemplate, _ values: Values, _ reader: inout RequestReader) throws(AuthenticationRefusal) {
    var pieces: [[UInt8]] = []
    pieces.reserveCapacity(template.pieces.count)
    var secretPlaces: [Int] = []
    var segment: Int?
    var segmentStart = 0
    var droppedSegment: Int?
    for piece in template.pieces {
      if piece.segment != segment {
        segment = piece.segment
        segmentStart = pieces.count
      }
      if let segment, segment == droppedSegment { continue }
      switch piece.content {
      case .literal(let bytes): pieces.append(bytes)
      case .value(.secret, _):
        secretPlaces.append(pieces.count)
        pieces.append([])
      case .value(let value, let isLowercased):
        if let bytes = try Self.bytes(value, values, &reader, isOptional: segment != nil) {
          pieces.append(isLowercased ? Self.lowercased(bytes) : bytes)
        } else {
          pieces.removeSubrange(segmentStart...)
          droppedSegment = segment
        }
      }
    }
    self.pieces = pieces
    self.secretPlaces = secretPlaces
  }

  /// The bytes in one piece, without the secret.
  var joined: [UInt8] { pieces.count == 1 ? pieces[0] : Array(pieces.joined()) }

  /// The digest of the message with the secret in it.
  func digest(_ algorithm: HashAlgorithm, key: UnsafeRawBufferPointer) -> [UInt8] {
    var digest = Digest(algorithm)
    for (index, piece) in pieces.enumerated() {
      if secretPlaces.contains(index) { digest.update(key) } else { digest.update(piece) }
    }
    return digest.finish()
  }

  /// A value; `nil` when it is optional and not there.
  private static func bytes(
    _ value: SignedTemplate.Value, _ values: Values, _ reader: inout RequestReader, isOptional: Bool
  ) throws(AuthenticationRefusal) -> [UInt8]? {
    switch value {
    case .body: return reader.request.body
    case .method: return reader.request.method
    case .url: return values.url
    case .path: return SignedURL.path(of: values.url)
    case .target: return SignedURL.target(of: values.url)
    case .secret: return []
    case .headerList(let name): return try headerList(name, values, reader)
    case .timestamp:
      if let timestamp = values.timestamp { return timestamp }
      if isOptional { return nil }
      throw AuthenticationRefusal(.timestampMalformed, at: "auth", "The request carries no timestamp, which is signed.")
    case .sortedForm:
      guard let fields = reader.formFields() else {
        throw AuthenticationRefusal(.signatureMalformed, at: "body", "The body is not a form, whose fields are signed.")
      }
      return sorted(fields)
    case .source(let source):
      switch reader.value(source) {
      case .value(let bytes) where !bytes.isEmpty: return bytes
      case .value, .absent:
        if isOptional { return nil }
        throw AuthenticationRefusal(.signatureMalformed, at: source.payloadPath, "A value that is signed is not in the request.")
      case .doubled:
        throw AuthenticationRefusal(.credentialDoubled, at: source.payloadPath, "A value that is signed occurs more than once.")
      }
    }
  }

  /// The header fields that the sender says it signed, in its order. Among them must be the timestamp's: else it would not be
  /// signed. Contentful sends lists so (https://github.com/contentful/node-apps-toolkit, src/requests/sign-request.ts).
  private static func headerList(
    _ name: [UInt8], _ values: Values, _ reader: RequestReader
  ) throws(AuthenticationRefusal) -> [UInt8] {
    let at = ValueSource.header(name).payloadPath
    guard case .value(let list) = reader.header(name) else {
      throw AuthenticationRefusal(.signatureMalformed, at: at, "The list of signed header fields is not there once.")
    }
    let names = list.split(separator: UInt8(ascii: ",")).map { lowercased(Array($0)).filter { $0 != 0x20 } }
    guard names.count <= maximumFields else {
      throw AuthenticationRefusal(.signatureMalformed, at: at, "More than \(maximumFields) header fields are signed.")
    }
    if let timestampField = values.timestampField, !names.contains(timestampField) {
      throw AuthenticationRefusal(.signatureMalformed, at: at, "The timestamp is not among the signed header fields.")
    }
    var text: [UInt8] = []
    for name in names {
      guard case .value(let value) = reader.header(name) else {
        throw AuthenticationRefusal(.signatureMalformed, at: at, "A header field that is signed is not in the request once.")
      }
      if !text.isEmpty { text.append(UInt8(ascii: ";")) }
      text += name + [UInt8(ascii: ":")] + value
    }
    return text
  }

  /// Name and value of each field without anything between, by name; several values of one name by value, each once
  /// (Twilio, https://www.twilio.com/docs/usage/webhooks/webhooks-security).
  private static func sorted(_ fields: [FormField]) -> [UInt8] {
    let ordered = fields.sorted { left, right in
      left.name == right.name
        ? left.value.lexicographicallyPrecedes(right.value) : left.name.lexicographicallyPrecedes(right.name)
    }
    var bytes: [UInt8] = []
    var previous: FormField?
    for field in ordered where field != previous {
      bytes += field.name
      bytes += field.value
      previous = field
    }
    return bytes
  }

  /// ASCII letters only.
  private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
    bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }
}
