extension SettingSources {
  /// The page of the documentation that describes every setting, in the order of the help. A test compares it with what is
  /// committed.
  ///
  /// - Parameter introduction: what stands below the title.
  package func page(introduction: String) -> String {
    let example = table.first { $0.kind != .toggle && $0.key != configurationFile.key } ?? configurationFile
    var text = """
      # Settings of \(program)

      \(introduction)

      A setting is given as a flag, as an environment variable, or in a JSON file that `\(configurationFile.flag)` names; flags win over the
      environment, the environment over the file. `\(example.flag)`, `\(environmentPrefix)_\(example.environmentSuffix)` and the file's member
      `"\(example.key)"` are the same setting. All of them are printed at start, secrets hidden; a value that is not allowed ends the program
      with the names of all that are wrong.

      """
    for setting in table { text += "\n\(entry(setting))" }
    return text
  }

  private func entry(_ setting: Setting) -> String {
    let value: String
    switch setting.kind {
    case .text(let hint): value = " \(hint)"
    case .number(let bounds): value = " \(bounds.lowerBound)…\(bounds.upperBound)"
    case .toggle: value = ""
    }
    let standard =
      setting.standard.isEmpty ? "No default" : "Default `\(setting.isSecret ? "(see the help)" : setting.standard)`"
    let secret = setting.isSecret ? " Never shown or logged." : ""
    return """
      ### `\(setting.flag)\(value)`

      \(setting.summary)\(secret)
      \(standard); environment `\(environmentPrefix)_\(setting.environmentSuffix)`, file `"\(setting.key)"`.

      """
  }
}
