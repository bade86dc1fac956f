package import Configuration

/// Reads settings from flags, environment and file, and collects what is wrong with them.
package struct SettingReader {
  private let reader: ConfigReader
  /// What was found wrong so far.
  package private(set) var faults: [SettingFault] = []
  /// Every setting read, with the value that holds, for printing at start.
  package private(set) var values: [(setting: Setting, value: String)] = []

  /// Reads through the sources of a program (`SettingSources`).
  package init(_ reader: ConfigReader) { self.reader = reader }

  /// The value, or the default.
  package mutating func text(_ setting: Setting) -> String {
    let value = reader.string(forKey: setting.configKey, isSecret: setting.isSecret) ?? setting.standard
    values.append((setting, value))
    return value
  }

  /// The number, or the least one allowed after noting a fault.
  package mutating func number(_ setting: Setting) -> Int {
    // Read as a number first (the file has numbers), then as text, so that a value which is no number is named.
    let read = reader.int(forKey: setting.configKey).map(String.init) ?? reader.string(forKey: setting.configKey)
    let value = read ?? setting.standard
    values.append((setting, value))
    guard case .number(let bounds) = setting.kind else { return 0 }
    guard let number = Int(value), bounds.contains(number) else {
      faults.append(
        SettingFault(flag: setting.flag, message: "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"))
      return bounds.lowerBound
    }
    return number
  }

  /// Yes or no.
  package mutating func toggle(_ setting: Setting) -> Bool {
    let read = reader.bool(forKey: setting.configKey).map(String.init) ?? reader.string(forKey: setting.configKey)
    let value = read ?? setting.standard
    values.append((setting, value))
    switch value {
    case "true", "yes", "1", "on": return true
    case "false", "no", "0", "off", "": return false
    default:
      faults.append(SettingFault(flag: setting.flag, message: "must be true or false"))
      return false
    }
  }

  /// Notes what is wrong with a value beyond its type.
  package mutating func fault(_ setting: Setting, _ message: String) {
    faults.append(SettingFault(flag: setting.flag, message: message))
  }
}
