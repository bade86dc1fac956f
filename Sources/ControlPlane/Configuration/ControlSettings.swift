package import Settings

/// Every configuration key of `headgate-control serve`. The help text and the documentation are made from this table.
package enum ControlSettings {
  static let configurationFile = Setting("config", .text(hint: "FILE"), "A JSON file with any of these settings.")

  static let listen = Setting(
    "listen", .text(hint: "ADDRESS:PORT"), standard: "127.0.0.1:7400", "Where the RPC port listens.")
  static let insecurePlaintext = Setting(
    "insecurePlaintext", .toggle, standard: "false",
    "Speak plain TCP on the RPC port. Only on a loopback address; every caller is then trusted with every role.")
  static let certificateAuthority = Setting(
    "ca", .text(hint: "FILE"), "PEM file with the certificate authority that callers' certificates must come from.")
  static let certificate = Setting("certificate", .text(hint: "FILE"), "PEM file with this server's certificate.")
  static let privateKey = Setting("key", .text(hint: "FILE"), "PEM file with the certificate's private key.")
  static let requireClientCertificate = Setting(
    "requireClientCertificate", .toggle, standard: "false",
    "Refuse clients without a certificate, also those that have an API key.")

  static let databaseURL = Setting(
    "database", .text(hint: "CONNINFO"), standard: "postgresql://127.0.0.1:7432/headgate", isSecret: true,
    "libpq connection string (URI or keywords); several hosts are allowed.")
  static let databaseConnections = Setting(
    "databaseConnections", .number(1...64), standard: "4",
    "Connections for everything but ingest.")
  static let ingestLanes = Setting(
    "ingestLanes", .number(1...16), standard: "1", "Connections that write request batches, each its own thread.")
  static let statementTimeoutMs = Setting(
    "statementTimeoutMs", .number(100...600_000), standard: "10000", "Longest time of one statement.")
  static let migrate = Setting(
    "migrate", .toggle, standard: "true", "Bring the schema up to date at start; --migrate false: do not.")
  static let allowUnsafeDurability = Setting(
    "allowUnsafeDurability", .toggle, standard: "false",
    "Serve although PostgreSQL may lose committed requests (fsync, synchronous_commit or full_page_writes is off).")

  static let masterKeyFile = Setting(
    "masterKeys", .text(hint: "FILE"), "Master keys, one per line; only its owner may read it (0600).")
  static let masterKeys = Setting(
    "masterKeyValues", .text(hint: "KEYS"), isSecret: true,
    "Master keys in the format of the file; meant for the environment, never for the command line.")

  static let ingestQueueRequests = Setting(
    "ingestQueueRequests", .number(1...1_000_000), standard: "10000",
    "Requests that may wait for a batch; more are refused as overload.")
  static let ingestQueueBytes = Setting(
    "ingestQueueBytes", .number(1_048_576...8_589_934_592), standard: "134217728",
    "Bytes of bodies that may wait for a batch; more are refused as overload.")
  static let ingestClockSkewSeconds = Setting(
    "ingestClockSkewSeconds", .number(1...86_400), standard: "300",
    "How far ahead of this machine's clock a request id may be.")
  static let ingestMaximumAgeSeconds = Setting(
    "ingestMaximumAgeSeconds", .number(1...86_400), standard: "3600",
    "How old a request id may be; edge nodes give up long before.")

  static let reloadSeconds = Setting(
    "reloadSeconds", .number(1...3_600), standard: "60",
    "How often the whole configuration is read again, should a notification have been missed.")
  static let publicBaseURL = Setting(
    "publicUrl", .text(hint: "URL"), "Public base of the edge nodes, to print whole trigger URLs: https://hooks.example.com")

  static let runMaximumAttempts = Setting(
    "runMaxAttempts", .number(1...1_000), standard: "8", "Attempts of a run before it is dead.")
  static let runBackoffMs = Setting(
    "runBackoffMs", .number(1...3_600_000), standard: "2000", "Wait after the first failed attempt; doubles with each.")
  static let runBackoffMaximumMs = Setting(
    "runBackoffMaxMs", .number(1...86_400_000), standard: "3600000", "Longest wait between two attempts.")

  static let retentionDays = Setting(
    "retentionDays", .number(0...36_500), standard: "30",
    "Days that requests and runs are kept; older day partitions are dropped. 0: kept for ever.")

  static let bodyRetentionDays = Setting(
    "bodyRetentionDays", .number(0...36_500), standard: "0",
    "Days that bodies are kept, if fewer than the requests; what else is known of a request stays. 0: as long as the request.")
  static let bodySearch = Setting(
    "bodySearch", .toggle, standard: "true",
    "Index the bodies of each day when it is over, for searches by text and JSON; costs about 0.1 ms of processor time and 1 KB "
      + "for each request.")
  static let searchConnections = Setting(
    "searchConnections", .number(1...32), standard: "2", "Connections for searches of the log; further searches wait.")

  static let adminListen = Setting(
    "adminListen", .text(hint: "ADDRESS:PORT"), standard: "127.0.0.1:7401",
    "Where /healthz, /readyz and /metrics are served over HTTP; empty: not at all.")
  static let threads = Setting(
    "threads", .number(0...256), standard: "0", "Threads that serve RPC connections; 0: one per core.")
  static let drainSeconds = Setting(
    "drainSeconds", .number(0...600), standard: "10", "How long calls in progress may take after SIGTERM.")
  static let logLevel = Setting(
    "logLevel", .text(hint: "LEVEL"), standard: "info", "trace, debug, info, notice, warning, error or critical.")
  static let logFormat = Setting(
    "logFormat", .text(hint: "FORMAT"), standard: "json", "json (one object a line) or text.")

  /// All of them, in the order of the help.
  package static let all: [Setting] = [
    configurationFile, listen, insecurePlaintext, certificateAuthority, certificate, privateKey,
    requireClientCertificate, databaseURL,
    databaseConnections, ingestLanes, statementTimeoutMs, migrate, allowUnsafeDurability, masterKeyFile, masterKeys,
    ingestQueueRequests, ingestQueueBytes, ingestClockSkewSeconds, ingestMaximumAgeSeconds, reloadSeconds, publicBaseURL,
    runMaximumAttempts, runBackoffMs, runBackoffMaximumMs, retentionDays, bodyRetentionDays, bodySearch, searchConnections,
    adminListen, threads, drainSeconds, logLevel,
    logFormat,
  ]

  /// Where the settings come from.
  package static let sources = SettingSources(
    program: "headgate-control", environmentPrefix: "HEADGATE_CONTROL", table: all, configurationFile: configurationFile)

  /// Name of the environment variable of a setting.
  static func environmentName(_ setting: Setting) -> String { "\(sources.environmentPrefix)_\(setting.environmentSuffix)" }
}
