import PhoneNumbers

/// Why a value is none of its kind, for people; contains nothing of the value.
package struct ContactProblem: Error, Hashable, Sendable {
  package let message: String

  init(_ message: String) { self.message = message }
}

extension ContactKind {
  /// The form in which values are compared and stored.
  ///
  /// | kind | form |
  /// |---|---|
  /// | `name` | white space between words is one space |
  /// | `email` | lower case; a domain beyond ASCII as A-labels (RFC 5890) |
  /// | `phone`, `sms` | E.164; without a country code it is one of the region |
  /// | `whatsapp` | E.164, as `phone`; `whatsapp:`, `@s.whatsapp.net` and `@c.us` are left out; digits that are no number of the region are one with its country code |
  /// | `document` | letters and digits, in upper case |
  /// | `instagram`, `telegram` | lower case, without `@` in front |
  /// | `webchat` | as it is |
  ///
  /// White space around a value, and invisible formatting in all but a name, are left out.
  ///
  /// - Parameter region: ISO 3166-1 alpha-2 in upper case; empty: none.
  /// - Returns: `nil` when there is nothing but white space.
  package func normalize(_ bytes: [UInt8], region: String) throws(ContactProblem) -> String? {
    guard bytes.count <= Self.inputBytes else { throw ContactProblem("It is longer than \(maximumBytes) bytes.") }
    guard let given = String(validating: bytes, as: UTF8.self) else { throw ContactProblem("It is not UTF-8.") }
    let isPrintableASCII = given.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    let text = self == .name ? Self.words(given) : isPrintableASCII ? Self.withoutSpaces(given) : Self.trimmed(given)
    guard !text.isEmpty else { return nil }
    guard text.utf8.count <= maximumBytes else { throw ContactProblem("It is longer than \(maximumBytes) bytes.") }
    guard isPrintableASCII || !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw ContactProblem("It has control characters.")
    }
    switch self {
    case .name, .webchat: return text
    case .email: return try EmailAddress.normalize(text)
    case .phone, .sms: return try Self.number(text, region)
    case .whatsapp: return try Self.whatsApp(text, region)
    case .document: return try Self.document(text)
    case .instagram, .telegram: return try Self.handle(text)
    }
  }

  /// The longest value, in bytes of UTF-8.
  package var maximumBytes: Int {
    switch self {
    case .name: 512
    case .email: EmailAddress.maximumBytes
    case .phone, .sms, .whatsapp, .document, .instagram, .telegram: 64
    case .webchat: 256
    }
  }

  /// A name as names are compared: upper and lower case alike.
  package static func nameKey(_ name: String) -> String { name.lowercased() }

  /// What is looked at at all, white space around it included.
  private static let inputBytes = 4096

  private static func words(_ text: String) -> String {
    text.unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map { String($0) }.joined(separator: " ")
  }

  /// What `trimmed` makes of printable ASCII, without asking Unicode about each character.
  private static func withoutSpaces(_ text: String) -> String {
    let text = text.utf8
    guard let first = text.firstIndex(where: { $0 != 0x20 }), let last = text.lastIndex(where: { $0 != 0x20 }) else { return "" }
    return String(text[first...last]) ?? ""
  }

  private static func trimmed(_ text: String) -> String {
    let visible = text.unicodeScalars.filter { $0.properties.generalCategory != .format }
    guard let first = visible.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = visible.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(String.UnicodeScalarView(visible[first...last]))
  }

  private static func number(_ text: String, _ region: String) throws(ContactProblem) -> String {
    do { return try PhoneNumber.e164(text, region: region) } catch { throw ContactProblem(error.sentence) }
  }

  /// WhatsApp names accounts by their number with the country code and without "+"
  /// (https://developers.facebook.com/docs/whatsapp/cloud-api/reference/phone-numbers); Twilio writes `whatsapp:` in front
  /// (https://www.twilio.com/docs/whatsapp/api), other libraries a server behind.
  private static func whatsApp(_ text: String, _ region: String) throws(ContactProblem) -> String {
    var text = text[...]
    if text.lowercased().hasPrefix("whatsapp:") { text = text.dropFirst("whatsapp:".count) }
    for server in ["@s.whatsapp.net", "@c.us"] where text.hasSuffix(server) { text = text.dropLast(server.count) }
    do throws(ContactProblem) { return try number(String(text), region) } catch {
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { throw error }
      return try number("+" + text, region)
    }
  }

  private static func document(_ text: String) throws(ContactProblem) -> String {
    let kept = text.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil }
    guard !kept.isEmpty else { throw ContactProblem("It has neither letters nor digits.") }
    return String(String.UnicodeScalarView(kept)).uppercased()
  }

  private static func handle(_ text: String) throws(ContactProblem) -> String {
    let handle = text.drop { $0 == "@" }.lowercased()
    let isHandle = handle.unicodeScalars.allSatisfy { $0 != "/" && $0 != "@" && !$0.properties.isWhitespace }
    guard !handle.isEmpty, isHandle else { throw ContactProblem("It is not a handle such as @name.") }
    return handle
  }
}

extension PhoneNumber.Problem {
  fileprivate var sentence: String {
    switch self {
    case .notANumber: "It is not a phone number."
    case .noCountry: "It has no known country code, and there is no region that it could be from."
    case .tooShort: "It is too short for a phone number of its country."
    case .tooLong: "It is too long for a phone number of its country."
    case .notOfRegion: "No phone number of the region is like this; one of another country begins with + and its code."
    case .wrongLength: "No phone number of its country has this length."
    }
  }
}
