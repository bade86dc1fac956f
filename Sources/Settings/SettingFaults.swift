/// A value that a setting does not take.
package struct SettingFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// Flag of the setting.
  package let flag: String
  /// What would be right.
  package let message: String

  package init(flag: String, message: String) {
    self.flag = flag
    self.message = message
  }

  package var description: String { "\(flag): \(message)" }
}

/// Everything that is wrong with the configuration.
package struct SettingFaults: Error, Sendable, Equatable, CustomStringConvertible {
  package let faults: [SettingFault]

  package init(_ faults: [SettingFault]) { self.faults = faults }

  package var description: String { faults.map(\.description).joined(separator: "\n") }
}
