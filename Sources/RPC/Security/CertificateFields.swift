/// The few fields of an X.509 certificate that authorisation needs, read from its DER (RFC 5280 §4.1).
///
/// The TLS library has verified the certificate before; this reader decides nothing about trust. It never reads outside the
/// bytes, and what it does not understand makes it fail as a whole.
struct CertificateFields: Equatable {
  private(set) var commonName = ""
  /// Of the authority, as `DistinguishedName` writes it.
  private(set) var issuer = ""
  private(set) var uris: [String] = []
  private(set) var isAuthority = false

  private static let commonNameType: [UInt8] = [0x55, 0x04, 0x03]
  private static let subjectAlternativeName: [UInt8] = [0x55, 0x1d, 0x11]
  private static let basicConstraints: [UInt8] = [0x55, 0x1d, 0x13]

  init?(der: [UInt8]) {
    var outer = DERReader(der[...])
    guard var certificate = outer.enter(.sequence), var fields = certificate.enter(.sequence) else { return nil }
    _ = fields.read(.context(0))  // version
    guard fields.read(.integer) != nil,  // serial number
      fields.read(.sequence) != nil,  // signature algorithm
      let issuer = fields.enter(.sequence).flatMap(DistinguishedName.text(of:)),
      fields.read(.sequence) != nil,  // validity
      var subject = fields.enter(.sequence),
      fields.read(.sequence) != nil,  // public key
      readCommonName(&subject)
    else { return nil }
    self.issuer = issuer
    _ = fields.read(.contextPrimitive(1))  // issuer's unique id
    _ = fields.read(.contextPrimitive(2))  // subject's unique id
    if fields.isAtEnd { return }
    guard var wrapper = fields.enter(.context(3)), var extensions = wrapper.enter(.sequence) else { return nil }
    while !extensions.isAtEnd {
      guard var one = extensions.enter(.sequence), readExtension(&one) else { return nil }
    }
  }

  private mutating func readCommonName(_ subject: inout DERReader) -> Bool {
    while !subject.isAtEnd {
      guard var set = subject.enter(.set) else { return false }
      while !set.isAtEnd {
        guard var attribute = set.enter(.sequence), let type = attribute.read(.objectIdentifier),
          let (tag, value) = attribute.readAny()
        else { return false }
        guard type.elementsEqual(Self.commonNameType) else { continue }
        // Two names would let two readers see two principals.
        guard commonName.isEmpty, tag == .utf8String || tag == .printableString || tag == .ia5String,
          let text = String(validating: value, as: UTF8.self), !text.utf8.contains(0)
        else { return false }
        commonName = text
      }
    }
    return true
  }

  private mutating func readExtension(_ one: inout DERReader) -> Bool {
    guard let identifier = one.read(.objectIdentifier) else { return false }
    _ = one.read(.boolean)  // critical
    guard let value = one.read(.octetString) else { return false }
    var content = DERReader(value)
    if identifier.elementsEqual(Self.subjectAlternativeName) {
      guard var names = content.enter(.sequence) else { return false }
      while !names.isAtEnd {
        guard let (tag, name) = names.readAny() else { return false }
        guard tag == .contextPrimitive(6) else { continue }
        guard let text = String(validating: name, as: UTF8.self), !text.utf8.contains(0) else { return false }
        uris.append(text)
      }
    } else if identifier.elementsEqual(Self.basicConstraints) {
      guard var constraints = content.enter(.sequence) else { return false }
      if let flag = constraints.read(.boolean) { isAuthority = flag.contains { $0 != 0 } }
    }
    return true
  }
}

/// The tag byte of a DER element; only low tag numbers occur in what is read here.
struct DERTag: RawRepresentable, Equatable {
  let rawValue: UInt8

  static let boolean = DERTag(rawValue: 0x01)
  static let integer = DERTag(rawValue: 0x02)
  static let octetString = DERTag(rawValue: 0x04)
  static let objectIdentifier = DERTag(rawValue: 0x06)
  static let utf8String = DERTag(rawValue: 0x0c)
  static let printableString = DERTag(rawValue: 0x13)
  static let ia5String = DERTag(rawValue: 0x16)
  static let sequence = DERTag(rawValue: 0x30)
  static let set = DERTag(rawValue: 0x31)

  /// Constructed, context-specific.
  static func context(_ number: UInt8) -> DERTag { DERTag(rawValue: 0xa0 | number) }
  /// Primitive, context-specific.
  static func contextPrimitive(_ number: UInt8) -> DERTag { DERTag(rawValue: 0x80 | number) }
}

/// Steps through DER elements (X.690 §8.1, definite lengths only).
struct DERReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next element's content if it has this tag; otherwise `nil`, and nothing is consumed.
  mutating func read(_ tag: DERTag) -> ArraySlice<UInt8>? {
    guard rest.first == tag.rawValue else { return nil }
    return readAny()?.content
  }

  /// A reader of the next element's content if it has this tag.
  mutating func enter(_ tag: DERTag) -> DERReader? { read(tag).map(DERReader.init) }

  /// The next element; `nil` at the end or when its length is not that of an element.
  mutating func readAny() -> (tag: DERTag, content: ArraySlice<UInt8>)? {
    var bytes = rest
    guard let tag = bytes.popFirst(), tag & 0x1f != 0x1f, let first = bytes.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7f)
      guard (1...3).contains(count), bytes.count >= count else { return nil }
      length = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      bytes = bytes.dropFirst(count)
    }
    guard bytes.count >= length else { return nil }
    rest = bytes.dropFirst(length)
    return (DERTag(rawValue: tag), bytes.prefix(length))
  }
}
