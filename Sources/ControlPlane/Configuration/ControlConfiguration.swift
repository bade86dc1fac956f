package import Configuration
package import Logging
package import Settings
import Store

/// The control plane's configuration, checked.
package struct ControlConfiguration: Sendable {
  /// How the RPC port is protected.
  package enum Transport: Sendable, Equatable {
    /// TLS 1.3 with certificates on both sides; PEM files.
    case mutualTLS(authority: String, certificate: String, key: String)
    /// Plain TCP on a loopback address.
    case plaintext
  }

  package var listen: ListenAddress
  package var transport: Transport
  /// Clients without a certificate may come in and say who they are by an API key.
  package var acceptsAPIKeysAlone: Bool
  /// `nil`: no admin listener.
  package var adminListen: ListenAddress?
  package var threads: Int
  package var drain: Duration

  package var database: Database

  /// Path of the master key file; empty: the keys are in `masterKeys`.
  package var masterKeyFile: String
  /// Master keys themselves; empty: they are in the file.
  package var masterKeys: String

  package var ingestQueueRequests: Int
  package var ingestQueueBytes: Int
  package var submitLimits: SubmitLimits

  package var reloadInterval: Duration
  /// Without a slash at its end; empty: not known.
  package var publicBaseURL: String
  package var runs: RunRules
  /// Days that requests and runs are kept; `nil`: for ever.
  package var retentionDays: Int?
  /// Days that bodies are kept; `nil`: as long as the requests.
  package var bodyRetentionDays: Int?
  package var indexesBodies: Bool
  package var searchConnections: Int

  package var logLevel: Logger.Level
  package var logsAsText: Bool

  /// Every setting with its value as text, for printing at start. Secrets are replaced.
  package var printable: [(key: String, value: String)]
}

extension ControlConfiguration {
  /// Reads and checks everything.
  ///
  /// - Throws: `SettingFaults` with every fault.
  package init(reading source: ConfigReader) throws {
    var reader = SettingReader(source)
    typealias Keys = ControlSettings
    _ = reader.text(Keys.configurationFile)

    let listen = reader.endpoint(Keys.listen)
    self.listen = listen ?? ListenAddress(host: "127.0.0.1", port: 0)
    adminListen = reader.endpoint(Keys.adminListen, mayBeEmpty: true)
    let plaintext = reader.toggle(Keys.insecurePlaintext)
    let authority = reader.text(Keys.certificateAuthority)
    let certificate = reader.text(Keys.certificate)
    let key = reader.text(Keys.privateKey)
    if plaintext {
      transport = .plaintext
      if let listen, !listen.isLoopback {
        reader.fault(Keys.insecurePlaintext, "is only allowed when \(Keys.listen.flag) is a loopback address")
      }
    } else {
      transport = .mutualTLS(authority: authority, certificate: certificate, key: key)
      for (setting, value) in [(Keys.certificateAuthority, authority), (Keys.certificate, certificate), (Keys.privateKey, key)]
      where value.isEmpty {
        reader.fault(setting, "is required (or \(Keys.insecurePlaintext.flag) on a loopback address)")
      }
    }
    acceptsAPIKeysAlone = !reader.toggle(Keys.requireClientCertificate)
    threads = reader.number(Keys.threads)
    drain = .seconds(reader.number(Keys.drainSeconds))

    database = Database(&reader)

    (masterKeyFile, masterKeys) = reader.masterKeys()

    ingestQueueRequests = reader.number(Keys.ingestQueueRequests)
    ingestQueueBytes = reader.number(Keys.ingestQueueBytes)
    submitLimits = SubmitLimits(
      clockSkew: .seconds(reader.number(Keys.ingestClockSkewSeconds)),
      maximumAge: .seconds(reader.number(Keys.ingestMaximumAgeSeconds)))

    reloadInterval = .seconds(reader.number(Keys.reloadSeconds))
    let base = reader.text(Keys.publicBaseURL)
    publicBaseURL = String(base.reversed().drop { $0 == "/" }.reversed())
    if !base.isEmpty, !(base.hasPrefix("https://") || base.hasPrefix("http://")) {
      reader.fault(Keys.publicBaseURL, "must start with https:// or http://")
    }
    runs = RunRules(
      maximumAttempts: reader.number(Keys.runMaximumAttempts),
      backoff: RunBackoff(
        first: .milliseconds(reader.number(Keys.runBackoffMs)), longest: .milliseconds(reader.number(Keys.runBackoffMaximumMs))))
    let days = reader.number(Keys.retentionDays)
    retentionDays = days == 0 ? nil : days
    let bodyDays = reader.number(Keys.bodyRetentionDays)
    bodyRetentionDays = bodyDays == 0 ? nil : bodyDays
    if days > 0, bodyDays > days {
      reader.fault(Keys.bodyRetentionDays, "must not be more than \(Keys.retentionDays.flag), after which the requests go whole")
    }
    indexesBodies = reader.toggle(Keys.bodySearch)
    searchConnections = reader.number(Keys.searchConnections)

    let level = reader.text(Keys.logLevel)
    logLevel = Logger.Level(rawValue: level) ?? .info
    if Logger.Level(rawValue: level) == nil { reader.fault(Keys.logLevel, "must be one of \(Keys.logLevel.summary)") }
    let format = reader.text(Keys.logFormat)
    logsAsText = format == "text"
    if format != "text", format != "json" { reader.fault(Keys.logFormat, "must be json or text") }

    printable = reader.values.map { setting, value in
      (setting.key, setting.isSecret && !value.isEmpty ? "<hidden>" : value)
    }
    if !reader.faults.isEmpty { throw SettingFaults(reader.faults) }
  }
}

extension ControlConfiguration {
  /// What concerns PostgreSQL.
  package struct Database: Sendable {
    /// libpq connection string. May hold a password: never logged.
    package var connectionString: String
    package var connections: Int
    package var ingestLanes: Int
    package var statementTimeout: Duration
    package var migratesAtStart: Bool
    package var allowsUnsafeDurability: Bool

    init(_ reader: inout SettingReader) {
      typealias Keys = ControlSettings
      connectionString = reader.text(Keys.databaseURL)
      connections = reader.number(Keys.databaseConnections)
      ingestLanes = reader.number(Keys.ingestLanes)
      statementTimeout = .milliseconds(reader.number(Keys.statementTimeoutMs))
      migratesAtStart = reader.toggle(Keys.migrate)
      allowsUnsafeDurability = reader.toggle(Keys.allowUnsafeDurability)
    }

    /// Reads and checks these settings only.
    ///
    /// - Throws: `SettingFaults`.
    package init(reading source: ConfigReader) throws {
      var reader = SettingReader(source)
      self.init(&reader)
      if !reader.faults.isEmpty { throw SettingFaults(reader.faults) }
    }
  }
}

extension ControlConfiguration {
  /// Reads and checks only where the master keys are.
  ///
  /// - Throws: `SettingFaults`.
  package static func masterKeySource(reading source: ConfigReader) throws -> MasterKeySource {
    var reader = SettingReader(source)
    let (file, values) = reader.masterKeys()
    if !reader.faults.isEmpty { throw SettingFaults(reader.faults) }
    return MasterKeySource(file: file, values: values)
  }
}

extension SettingReader {
  /// Path of the master key file and the keys themselves; one of them is empty, or there is a fault.
  fileprivate mutating func masterKeys() -> (file: String, values: String) {
    typealias Keys = ControlSettings
    let file = text(Keys.masterKeyFile)
    let values = text(Keys.masterKeys)
    if file.isEmpty == values.isEmpty {
      fault(
        Keys.masterKeyFile,
        file.isEmpty
          ? "or \(Keys.environmentName(Keys.masterKeys)) is required; headgate-control keys init --file FILE makes one"
          : "and \(Keys.environmentName(Keys.masterKeys)) exclude each other")
    }
    return (file, values)
  }

  mutating func endpoint(_ setting: Setting, mayBeEmpty: Bool = false) -> ListenAddress? {
    let value = text(setting)
    if value.isEmpty, mayBeEmpty { return nil }
    guard let endpoint = ListenAddress(value) else {
      fault(setting, "must be ADDRESS:PORT, such as 127.0.0.1:7400 or [::1]:7400")
      return nil
    }
    return endpoint
  }
}
