package import Settings

/// Every configuration key of `headgate-edge`. The help text and the documentation are made from this table.
package enum EdgeSettings {
  static let configurationFile = Setting("config", .text(hint: "FILE"), "A JSON file with any of these settings.")

  static let listen = Setting(
    "listen", .text(hint: "ADDRESS:PORT"), standard: "127.0.0.1:8080", "Where callers connect. Also answers /healthz and /readyz."
  )
  static let publicURL = Setting(
    "publicUrl", .text(hint: "URL"),
    "Public base of this edge node, such as https://hooks.example.com, for schemes that sign the URL. Empty: from each request's Host."
  )
  static let tlsCertificate = Setting(
    "tlsCertificate", .text(hint: "FILE"),
    "PEM file with the certificate chain that callers see. Empty: plain HTTP, as behind a proxy.")
  static let tlsKey = Setting("tlsKey", .text(hint: "FILE"), "PEM file with that certificate's private key.")
  static let adminListen = Setting(
    "adminListen", .text(hint: "ADDRESS:PORT"), "Another listener for /healthz, /readyz and /metrics alone. Empty: none.")
  static let metrics = Setting(
    "metrics", .text(hint: "never|loopback|always"), standard: "loopback",
    "Who may read /metrics on the callers' port; loopback: connections from this machine that came through no proxy.")

  static let controlPlane = Setting(
    "controlPlane", .text(hint: "HOST:PORT,…"), standard: "127.0.0.1:7400", "The control planes' RPC ports.")
  static let certificateAuthority = Setting(
    "ca", .text(hint: "FILE"), "PEM file with the certificate authority that the control plane's certificate must come from.")
  static let certificate = Setting("certificate", .text(hint: "FILE"), "PEM file with this edge node's certificate (role edge).")
  static let privateKey = Setting("key", .text(hint: "FILE"), "PEM file with the certificate's private key.")
  static let serverName = Setting(
    "controlPlaneName", .text(hint: "NAME"),
    "Name that the control plane's certificate is for, if not the host it is connected to by.")
  static let insecurePlaintext = Setting(
    "insecurePlaintext", .toggle, standard: "false",
    "Speak plain TCP with the control plane. Only if all of them are on a loopback address.")

  static let trustedProxies = Setting(
    "trustedProxies", .text(hint: "BLOCK,…"), "Addresses and CIDR blocks of proxies whose word on the client's address is taken.")
  static let trustedHops = Setting(
    "trustedProxyHops", .number(0...ClientAddressLimits.hops), standard: "0",
    "Instead of blocks: how many proxies stand in front of this node, where there is no way around them.")
  static let proxyHeader = Setting(
    "proxyHeader", .text(hint: "NAME"), standard: "x-forwarded-for",
    "The header those proxies write: x-forwarded-for, or forwarded (RFC 7239).")

  static let bodyBytes = Setting(
    "maxBodyBytes", .number(0...3_145_728), standard: "1048576", "Largest body; more is 413.")
  static let headerBytes = Setting(
    "maxHeaderBytes", .number(1024...262_144), standard: "32768", "Bytes of all header lines; more is 431.")
  static let headerFields = Setting("maxHeaderFields", .number(8...1000), standard: "100", "Header lines; more is 431.")
  static let targetBytes = Setting("maxUriBytes", .number(256...65_536), standard: "8192", "Bytes of the URI; more is 414.")
  static let chunkOverheadBytes = Setting(
    "maxChunkOverheadBytes", .number(0...262_144), standard: "16384", "Bytes of chunk extensions and trailers; more is 400.")

  static let headerTimeoutMs = Setting(
    "headerTimeoutMs", .number(10...600_000), standard: "10000", "Time for a request's head, from its first byte; then 408.")
  static let bodyGraceMs = Setting(
    "bodyGraceMs", .number(10...600_000), standard: "5000", "Time for a body before its rate matters.")
  static let bodyBytesPerSecond = Setting(
    "minBodyBytesPerSecond", .number(1...1_000_000_000), standard: "1024", "Slowest body after that; slower is 408.")
  static let idleTimeoutMs = Setting(
    "idleTimeoutMs", .number(10...3_600_000), standard: "75000", "Time between two requests of a connection.")

  static let connections = Setting(
    "maxConnections", .number(1...1_000_000), standard: "16000", "Open connections, as far as the limit of open files allows.")
  static let requests = Setting(
    "maxRequests", .number(1...1_000_000), standard: "10000",
    "Requests waiting for the control plane; more are 503. Fewer where they would wait too long.")
  static let heldBytes = Setting(
    "maxHeldBytes", .number(1_048_576...68_719_476_736), standard: "268435456", "Bytes of bodies held at once; more are 503.")

  static let rateLimitedSources = Setting(
    "maxRateLimitedSources", .number(8...16_777_216), standard: "65536",
    "Client addresses (IPv6: /64 networks) whose rate at a trigger is watched at once; 16 bytes of memory each.")

  static let attemptTimeoutMs = Setting(
    "attemptTimeoutMs", .number(10...60_000), standard: "2500", "Time for one attempt to reach the control plane.")
  static let deadlineMs = Setting(
    "deadlineMs", .number(10...120_000), standard: "8000",
    "Time that a request is held and repeated before it is answered 503, where its trigger has none of its own.")

  static let drainSeconds = Setting(
    "drainSeconds", .number(1...600), standard: "30", "Time for requests under way after SIGTERM.")
  static let drainNoticeSeconds = Setting(
    "drainNoticeSeconds", .number(0...600), standard: "0",
    "Time after SIGTERM in which /readyz says 503 and new connections are still taken, for load balancers to notice.")
  static let threads = Setting(
    "threads", .number(0...256), standard: "0", "Event loops; 0: one on up to two cores, otherwise one per core.")
  static let accessLogEvery = Setting(
    "accessLogEvery", .number(0...1_000_000_000), standard: "0", "Log every so-manieth request; 0: none, 1: each.")
  static let logLevel = Setting(
    "logLevel", .text(hint: "LEVEL"), standard: "info", "trace, debug, info, notice, warning, error or critical.")
  static let logFormat = Setting("logFormat", .text(hint: "FORMAT"), standard: "json", "json (one object a line) or text.")

  /// All of them, in the order of the help.
  package static let all: [Setting] = [
    configurationFile, listen, publicURL, tlsCertificate, tlsKey, adminListen, metrics, controlPlane, certificateAuthority,
    certificate,
    privateKey, serverName, insecurePlaintext, trustedProxies, trustedHops, proxyHeader, bodyBytes, headerBytes, headerFields,
    targetBytes,
    chunkOverheadBytes, headerTimeoutMs, bodyGraceMs, bodyBytesPerSecond, idleTimeoutMs, connections, requests, heldBytes,
    rateLimitedSources,
    attemptTimeoutMs,
    deadlineMs, drainSeconds, drainNoticeSeconds, threads, accessLogEvery, logLevel, logFormat,
  ]

  /// Flags, environment (`HEADGATE_EDGE_…`) and file.
  package static let sources = SettingSources(
    program: "headgate-edge", environmentPrefix: "HEADGATE_EDGE", table: all, configurationFile: configurationFile)
}

/// Bounds of what may be configured about the client's address.
enum ClientAddressLimits {
  static let hops = 32
}
