import CPhone

/// Phone numbers, by libphonenumber (https://github.com/google/libphonenumber). About 15 µs each.
package enum PhoneNumber {
  /// Why a text is no phone number.
  package enum Problem: Error, Hashable, Sendable {
    case notANumber
    /// It has no country code, and there is no region to take it from.
    case noCountry
    case tooShort
    case tooLong
    /// Of a length that numbers of its country do not have.
    case wrongLength
    /// It was written without a country code and is none of the region.
    case notOfRegion
  }

  /// The longest text that is looked at, in bytes.
  package static let maximumBytes = 64

  /// The number in the form of E.164, such as "+5511988887777"; an extension is left out.
  ///
  /// With a country code it need not be one that is in use: the code exists, and numbers of the country have its length. Numbering
  /// plans change faster than a library is renewed. Without one it must be valid in the region.
  ///
  /// - Parameter region: where a number without country code is from, ISO 3166-1 alpha-2 in upper case; empty: nowhere.
  package static func e164(_ text: String, region: String) throws(Problem) -> String {
    guard text.utf8.count <= maximumBytes else { throw .tooLong }
    var text = text
    let (count, digits) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(HG_PHONE_ROOM)) { room in
      // SAFETY: the room is as large as the function is told, and the text is read within its count.
      let count = text.withUTF8 { text in
        text.withMemoryRebound(to: CChar.self) { text in
          hg_phone_e164(text.baseAddress, text.count, region, room.baseAddress)
        }
      }
      return (count, count > 0 ? String(decoding: room.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self) : "")
    }
    guard count <= 0 else { return digits }
    switch Int(count) {
    case HG_PHONE_NO_COUNTRY: throw .noCountry
    case HG_PHONE_TOO_SHORT: throw .tooShort
    case HG_PHONE_TOO_LONG: throw .tooLong
    case HG_PHONE_WRONG_LENGTH: throw .wrongLength
    case HG_PHONE_NOT_OF_REGION: throw .notOfRegion
    default: throw .notANumber
    }
  }

  /// Whether there are phone numbers of a region: two upper-case letters of ISO 3166-1.
  package static func isRegion(_ region: String) -> Bool {
    region.utf8.count == 2 && region.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
      && hg_phone_knows_region(region)
  }
}
