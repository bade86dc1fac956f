/// Addresses of e-mail as they are compared: in lower case, the domain in ASCII.
enum EmailAddress {
  /// RFC 5321 §4.5.3.1.3, without the angle brackets.
  static let maximumBytes = 254

  /// RFC 5321 §4.5.3.1.1.
  private static let localBytes = 64

  /// Checks an address and puts it into the form in which it is compared.
  ///
  /// The local part is a dot-string of RFC 5321 §4.1.2, letters beyond ASCII allowed as by RFC 6531; a quoted one is refused,
  /// which hardly anybody has and which would be written in several ways. It is lower-cased although RFC 5321 §2.4 lets
  /// servers tell cases apart: none that matters does.
  static func normalize(_ text: String) throws(ContactProblem) -> String {
    let parts = text.lowercased().split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, isDotString(parts[0]), parts[0].utf8.count <= localBytes, let domain = domain(parts[1]) else {
      throw ContactProblem("It is not an e-mail address.")
    }
    let address = "\(parts[0])@\(domain)"
    guard address.utf8.count <= maximumBytes else { throw ContactProblem("It is longer than \(maximumBytes) bytes.") }
    return address
  }

  private static func isDotString(_ text: Substring) -> Bool {
    text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty && atom.allSatisfy { !$0.isASCII ? !$0.properties.isWhitespace : isAtomText($0) }
    }
  }

  /// `atext` of RFC 5322 §3.2.3.
  private static func isAtomText(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "0"..."9": true
    case "!", "#", "$", "%", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~": true
    default: false
    }
  }

  /// Two labels or more; `nil`: it is no domain.
  private static func domain(_ text: Substring) -> String? {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false).map { asciiLabel($0) }
    let known = labels.compactMap { $0 }
    guard known.count == labels.count, labels.count >= 2, let top = known.last, !top.utf8.allSatisfy(isDigit) else { return nil }
    return known.joined(separator: ".")
  }

  private static func asciiLabel(_ label: Substring) -> String? {
    let ascii = label.utf8.allSatisfy { $0 < 0x80 } ? String(label) : Punycode.encode(label).map { "xn--" + $0 }
    guard let ascii, (1...63).contains(ascii.utf8.count), !ascii.hasPrefix("-"), !ascii.hasSuffix("-") else { return nil }
    let isLabel = ascii.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || isDigit($0) || $0 == UInt8(ascii: "-")
    }
    return isLabel ? ascii : nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// The encoding of labels beyond ASCII, RFC 3492 §6.3.
enum Punycode {
  /// Without "xn--"; `nil` for what no label can be.
  static func encode(_ label: some StringProtocol) -> String? {
    let scalars = Array(label.unicodeScalars)
    guard scalars.count <= 63, scalars.allSatisfy({ $0.isASCII || $0.properties.isAlphabetic || isMark($0) }) else { return nil }
    var output = scalars.filter(\.isASCII).map { UInt8($0.value) }
    let basicCount = output.count
    if basicCount > 0 { output.append(UInt8(ascii: "-")) }
    var (codePoint, delta, bias, handled) = (initialCodePoint, 0, initialBias, basicCount)
    while handled < scalars.count {
      let next = Int(scalars.map(\.value).filter { $0 >= UInt32(codePoint) }.min() ?? 0)
      // At most 0x10ffff times 64: far from overflow.
      delta += (next - codePoint) * (handled + 1)
      codePoint = next
      for scalar in scalars {
        if Int(scalar.value) < codePoint { delta += 1 }
        guard Int(scalar.value) == codePoint else { continue }
        var quotient = delta
        var step = base
        while true {
          let threshold = step <= bias ? leastThreshold : min(step - bias, greatestThreshold)
          if quotient < threshold { break }
          output.append(digit(threshold + (quotient - threshold) % (base - threshold)))
          quotient = (quotient - threshold) / (base - threshold)
          step += base
        }
        output.append(digit(quotient))
        bias = adapt(delta, handled + 1, isFirst: handled == basicCount)
        delta = 0
        handled += 1
      }
      delta += 1
      codePoint += 1
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .decimalNumber: true
    default: false
    }
  }

  // RFC 3492 §5.
  private static let base = 36
  private static let leastThreshold = 1
  private static let greatestThreshold = 26
  private static let skew = 38
  private static let damp = 700
  private static let initialBias = 72
  private static let initialCodePoint = 0x80

  private static func adapt(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
    var delta = isFirst ? delta / damp : delta / 2
    delta += delta / count
    var steps = 0
    while delta > (base - leastThreshold) * greatestThreshold / 2 {
      delta /= base - leastThreshold
      steps += base
    }
    return steps + (base - leastThreshold + 1) * delta / (delta + skew)
  }

  private static func digit(_ value: Int) -> UInt8 {
    value < 26 ? UInt8(ascii: "a") + UInt8(value) : UInt8(ascii: "0") + UInt8(value - 26)
  }
}
