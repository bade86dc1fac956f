internal import Inflation

/// The content codings of a request (RFC 9110 §8.4), applied in order by the sender and undone in reverse.
struct ContentCoding {
  /// How far a compressed body may be inflated.
  enum Limits {
    /// Codings one after the other that are not `identity`. One is what senders do; two is a mistake that two layers of a
    /// sender make; more is nothing but a bomb.
    static let layers = 2
    /// Elements of the field, `identity` and empty ones included.
    static let elements = 16
    /// What comes out, over what was received. Deflate reaches 1032 at most; 5000 JSON records that differ in one number are
    /// compressed to a 35th, those that differ in more to less than a 15th. A refusal beyond 100 keeps the time spent on a
    /// request in proportion to what its sender sent.
    static let ratio = 100
    /// What may come out whatever the ratio: small bodies of one repeated record are compressed further than that, and cost
    /// nothing.
    static let freeBytes = 64 << 10
  }

  /// What a request may be encoded with, for the answer to one that is not (RFC 9110 §15.5.16).
  static let acceptField = HeaderField("accept-encoding", "gzip, deflate")

  /// In the order in which they are undone.
  private let formats: [CompressedFormat]

  /// Reads all `Content-Encoding` fields of a request.
  init(_ fields: [[UInt8]]) throws(RequestBody.Fault) {
    var formats: [CompressedFormat] = []
    var elements = 0
    for field in fields {
      for element in field.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
        elements += 1
        guard elements <= Limits.elements else { throw Self.tooMany }
        switch String(decoding: FieldScanner.trimmed(element), as: UTF8.self).lowercased() {
        case "", "identity": continue
        case "gzip", "x-gzip": formats.append(.gzip)
        case "deflate": formats.append(.deflate)
        default:
          throw RequestBody.Fault(
            cause: .encodingUnsupported, message: "The Content-Encoding is not gzip, deflate or identity.")
        }
        guard formats.count <= Limits.layers else { throw Self.tooMany }
      }
    }
    self.formats = formats.reversed()
  }

  /// Whether the bytes are what they are.
  var isIdentity: Bool { formats.isEmpty }

  /// Undoes all codings.
  ///
  /// - Parameter limit: The most bytes that may come out of any of them.
  func decode(_ bytes: [UInt8], limit: Int) throws(RequestBody.Fault) -> [UInt8] {
    let byRatio = max(Limits.freeBytes, bytes.count * Limits.ratio)
    var decoded = bytes
    for format in formats {
      do throws(InflationError) {
        decoded = try Inflation.inflate(decoded, format, limit: min(limit, byRatio))
      } catch {
        throw Self.fault(error, isByRatio: byRatio < limit)
      }
    }
    return decoded
  }

  private static func fault(_ error: InflationError, isByRatio: Bool) -> RequestBody.Fault {
    switch error {
    case .tooLarge(let limit):
      RequestBody.Fault(
        cause: .bodyTooLarge,
        message: isByRatio
          ? "The body inflates to more than \(Limits.ratio) times its size."
          : "The body inflates to more than \(limit) bytes.")
    case .outOfMemory: RequestBody.Fault(cause: .bodyTooLarge, message: "The body cannot be inflated: \(error)")
    case .truncated, .corrupt, .trailingBytes, .dictionaryNeeded:
      RequestBody.Fault(cause: .bodyUnparseable, message: "The body cannot be inflated: \(error)")
    }
  }

  private static var tooMany: RequestBody.Fault {
    RequestBody.Fault(
      cause: .encodingUnsupported, message: "The Content-Encoding has more than \(Limits.layers) codings one after the other.")
  }
}
