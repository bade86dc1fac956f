package import Configuration

/// Where a program's settings come from: flags, environment and a JSON file, the strongest first.
package struct SettingSources: Sendable {
  /// Name of the program, such as "headgate-edge".
  package let program: String
  /// What its environment variables start with, such as "HEADGATE_EDGE".
  package let environmentPrefix: String
  /// Every setting, in the order of the help text.
  package let table: [Setting]
  /// The one of them that names the configuration file.
  package let configurationFile: Setting

  package init(program: String, environmentPrefix: String, table: [Setting], configurationFile: Setting) {
    self.program = program
    self.environmentPrefix = environmentPrefix
    self.table = table
    self.configurationFile = configurationFile
  }

  /// A reader over all sources.
  ///
  /// - Parameters:
  ///   - flags: the command line after the program's (and subcommand's) name.
  ///   - environment: variables by name.
  /// - Throws: `SettingFaults` for a flag that does not exist, a file that cannot be read, or a member of it that is no setting.
  package func reader(flags: [String], environment: [String: String]) throws(SettingFaults) -> ConfigReader {
    let prefix = environmentPrefix.lowercased().replacing("_", with: ".")
    var providers: [any ConfigProvider] = [
      InMemoryProvider(name: "flags", values: try values(of: flags)),
      EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: ConfigKey(prefix)),
    ]
    let file = ConfigReader(providers: providers).string(forKey: configurationFile.configKey) ?? ""
    if !file.isEmpty {
      let members = try SettingFile(path: file, table: table, flag: configurationFile.flag).values
      let secrets = Set(table.filter(\.isSecret).map(\.key))
      providers.append(
        InMemoryProvider(
          name: "file",
          values: Dictionary(
            uniqueKeysWithValues: members.map { key, value in
              (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(value), isSecret: secrets.contains(key)))
            })))
    }
    return ConfigReader(providers: providers)
  }

  /// What `--help` prints of the settings: flag, what it does, default and environment variable.
  package func help() -> String {
    table.map { setting in
      let value: String
      switch setting.kind {
      case .text(let hint): value = " \(hint)"
      case .number(let bounds): value = " \(bounds.lowerBound)…\(bounds.upperBound)"
      case .toggle: value = ""
      }
      let standard = setting.standard.isEmpty ? "" : " Default: \(setting.standard)."
      let text = "\(setting.summary)\(standard) (\(environmentPrefix)_\(setting.environmentSuffix))"
      return "  \(setting.flag)\(value)\n" + Self.indented(text)
    }.joined(separator: "\n")
  }

  /// Columns of the help, as of the parser that prints it: lines that fit are left as they are.
  private static let helpWidth = 80

  /// The text in lines below a flag, broken between words.
  private static func indented(_ text: String) -> String {
    let margin = String(repeating: " ", count: 6)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, margin.count + line.count + 1 + word.count > helpWidth {
        lines.append(margin + line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return (lines + [margin + line]).joined(separator: "\n")
  }

  /// The flags by key. Every flag must be one of the table's, once, with a value where it needs one.
  ///
  /// Read here and not by swift-configuration's own provider: that one takes a value with a comma for a list, which a
  /// setting of one text then does not find.
  private func values(of flags: [String]) throws(SettingFaults) -> [AbsoluteConfigKey: ConfigValue] {
    let known = Dictionary(table.map { ($0.flag, $0) }, uniquingKeysWith: { first, _ in first })
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    var faults: [SettingFault] = []
    var rest = flags[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--") else {
        faults.append(SettingFault(flag: argument, message: "is not a flag"))
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      var value = parts.count == 2 ? String(parts[1]) : nil
      // What follows an unknown flag is most likely its value: one fault is enough.
      if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.removeFirst() }
      guard let setting = known[name] else {
        faults.append(SettingFault(flag: name, message: "is not known; --help lists every flag"))
        continue
      }
      if value == nil, setting.kind == .toggle { value = "true" }
      guard let value else {
        faults.append(SettingFault(flag: name, message: "needs a value"))
        continue
      }
      let entry = ConfigValue(.string(value), isSecret: setting.isSecret)
      if values.updateValue(entry, forKey: AbsoluteConfigKey(setting.configKey)) != nil {
        faults.append(SettingFault(flag: name, message: "is given twice"))
      }
    }
    if !faults.isEmpty { throw SettingFaults(faults) }
    return values
  }
}
