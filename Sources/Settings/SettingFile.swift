import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A configuration file: one JSON object whose members are settings by key, each a text, a number, true or false.
///
/// Read here and not by swift-configuration's own provider, which needs all of Foundation for it, and with that some
/// 8 MiB of memory that nothing else in the edge node uses. It would also take a misspelt key for one of somebody else.
struct SettingFile {
  /// More bytes than this are no configuration.
  static let limitBytes = 1 << 20

  /// Values by key, as texts.
  private(set) var values: [String: String] = [:]

  /// Reads a file.
  ///
  /// - Parameter table: the settings that a file may hold.
  /// - Throws: `SettingFaults` with everything that is wrong.
  init(path: String, table: [Setting], flag: String) throws(SettingFaults) {
    guard let bytes = Self.bytes(of: path), let document = try? JSONDocument(bytes, acceptsByteOrderMark: true),
      document.root.kind == .object
    else { throw SettingFaults([SettingFault(flag: flag, message: "\(path) cannot be read as JSON")]) }
    var faults: [SettingFault] = []
    let keys = Set(table.map(\.key))
    for (name, value) in document.root.members {
      let key = name.string ?? ""
      guard keys.contains(key) else {
        faults.append(SettingFault(flag: flag, message: "\(path): \(key) is not known; --help lists every setting"))
        continue
      }
      guard let text = Self.text(value) else {
        faults.append(SettingFault(flag: flag, message: "\(path): \(key) must be a text, a number, true or false"))
        continue
      }
      if values.updateValue(text, forKey: key) != nil {
        faults.append(SettingFault(flag: flag, message: "\(path): \(key) is given twice"))
      }
    }
    if !faults.isEmpty { throw SettingFaults(faults) }
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value.kind {
    case .string: value.string
    case .number, .boolean: String(decoding: value.raw, as: UTF8.self)
    case .null, .array, .object: nil
    }
  }

  private static func bytes(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = part.withUnsafeMutableBytes { memory in
        // SAFETY: as many bytes are read as the array has.
        read(descriptor, memory.baseAddress, memory.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0, bytes.count + count <= limitBytes else { return nil }
      if count == 0 { return bytes }
      bytes += part[..<count]
    }
  }
}
