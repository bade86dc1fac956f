import HeadgateProto
import Identifiers

/// Collects every fault of a request's fields, so that a caller learns of all of them at once.
struct RequestChecks {
  private(set) var faults: [Fault] = []

  init() {}

  /// Notes a fault.
  ///
  /// - Parameters:
  ///   - path: name of the field in the proto file.
  ///   - code: such as "required", "invalid_value", "too_long".
  mutating func fault(_ path: String, _ code: String, _ message: String) {
    faults.append(Fault(path: path, code: code, message: message))
  }

  /// A text that must be there and within a length in UTF-8 bytes.
  mutating func required(_ value: String, _ path: String, atMost limit: Int = RequestLimits.nameBytes) {
    if value.isEmpty { fault(path, "required", "\(path) must be given") }
    optional(value, path, atMost: limit)
  }

  /// A text that may be empty.
  mutating func optional(_ value: String, _ path: String, atMost limit: Int = RequestLimits.nameBytes) {
    if value.utf8.count > limit { fault(path, "too_long", "\(path) must be at most \(limit) bytes") }
    if value.utf8.contains(0) { fault(path, "invalid_value", "\(path) must not contain NUL") }
  }

  /// Bytes that must be there and within a length.
  mutating func required(_ value: [UInt8], _ path: String, atMost limit: Int) {
    if value.isEmpty { fault(path, "required", "\(path) must be given") }
    if value.count > limit { fault(path, "too_long", "\(path) must be at most \(limit) bytes") }
  }

  /// An identifier as text.
  mutating func identifier(_ text: String, _ path: String) -> UniqueID? {
    if text.isEmpty {
      fault(path, "required", "\(path) must be given")
      return nil
    }
    guard let id = UniqueID(text) else {
      fault(path, "invalid_value", "\(path) must be a UUID")
      return nil
    }
    return id
  }

  /// A number within bounds; 0 stands for the default.
  mutating func number(_ value: UInt32, _ path: String, _ bounds: ClosedRange<UInt32>, zero: UInt32) -> UInt32 {
    if value == 0 { return zero }
    if !bounds.contains(value) {
      fault(path, "out_of_range", "\(path) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
      return zero
    }
    return value
  }

  /// The size of a page: 1 to 1000; 0 is the default.
  mutating func pageSize(_ value: UInt32, zero: UInt32) -> Int {
    Int(number(value, "page_size", 1...RequestLimits.pageSize, zero: zero))
  }

  /// Throws `invalidArgument` with every fault, if there is one.
  func finish() throws(RPCError) {
    guard let first = faults.first else { return }
    let message = faults.count == 1 ? first.message : "\(faults.count) faults in the request"
    throw RPCError(.invalidArgument, message, faults: faults)
  }
}

/// Limits of the fields that callers fill.
enum RequestLimits {
  /// Names, references, cursors.
  static let nameBytes = 512
  static let pageSize: UInt32 = 1000
  /// A flow file as JSON.
  static let definitionBytes = 1024 * 1024
  /// A secret set by hand.
  static let secretBytes = 4096
  /// Why a secret was revealed or rotated.
  static let reasonBytes = 1024
  /// What a worker says of a failed attempt; more is cut.
  static let errorBytes = 4096
  /// Values of a repeated field.
  static let values = 32
}
