/// Names one logged error, so that the caller can tell an operator which.
enum LogID {
  /// 16 random hexadecimal digits.
  static func make() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
