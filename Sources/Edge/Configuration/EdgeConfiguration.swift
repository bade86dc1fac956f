import Addresses
package import Configuration
package import Logging
package import Observability
package import RPC
package import Settings

/// The edge node's configuration, checked.
package struct EdgeConfiguration: Sendable {
  /// How the control plane is spoken to.
  package enum Transport: Sendable, Equatable {
    /// TLS 1.3 with certificates on both sides; PEM files.
    case mutualTLS(authority: String, certificate: String, key: String, serverName: String?)
    /// Plain TCP on a loopback address.
    case plaintext
  }

  /// PEM files of the certificate that callers see.
  package struct PublicTLS: Sendable, Equatable {
    package var certificate: String
    package var key: String
  }

  package var listen: ListenAddress
  package var adminListen: ListenAddress?
  package var publicTLS: PublicTLS?
  package var controlPlanes: [RPCEndpoint]
  package var transport: Transport
  package var core: EdgeCore.Options
  package var hold: HoldPolicy
  package var drain: Duration
  package var drainNotice: Duration
  /// 0: by the number of cores.
  package var threads: Int
  package var logLevel: Logger.Level
  package var logFormat: LogFormat
  /// Every setting with its value as text, for printing at start. Secrets are replaced.
  package var printable: [(key: String, value: String)]
}

extension EdgeConfiguration {
  /// Reads and checks everything.
  ///
  /// - Throws: `SettingFaults` with every fault.
  package init(reading source: ConfigReader) throws {
    var reader = SettingReader(source)
    typealias Keys = EdgeSettings
    _ = reader.text(Keys.configurationFile)
    listen = reader.address(Keys.listen) ?? ListenAddress(host: "127.0.0.1", port: 0)
    adminListen = reader.address(Keys.adminListen, mayBeEmpty: true)
    publicTLS = reader.publicTLS()
    controlPlanes = reader.controlPlanes()
    transport = reader.transport(controlPlanes)
    hold = HoldPolicy(
      attempt: .milliseconds(reader.number(Keys.attemptTimeoutMs)), total: .milliseconds(reader.number(Keys.deadlineMs)))
    core = EdgeCore.Options(&reader, hold: hold)
    drain = .seconds(reader.number(Keys.drainSeconds))
    drainNotice = .seconds(reader.number(Keys.drainNoticeSeconds))
    threads = reader.number(Keys.threads)
    logLevel = reader.choice(Keys.logLevel, Logger.Level.init(rawValue:)) ?? .info
    logFormat = reader.choice(Keys.logFormat, LogFormat.init(rawValue:)) ?? .json
    printable = reader.values.map { setting, value in (setting.key, setting.isSecret && !value.isEmpty ? "<hidden>" : value) }
    if !reader.faults.isEmpty { throw SettingFaults(reader.faults) }
  }
}

extension EdgeCore.Options {
  init(_ reader: inout SettingReader, hold: HoldPolicy) {
    typealias Keys = EdgeSettings
    self.init()
    self.hold = hold
    limits = HTTPLimits(
      targetBytes: reader.number(Keys.targetBytes), headerBytes: reader.number(Keys.headerBytes),
      headerFields: reader.number(Keys.headerFields),
      bodyBytes: reader.number(Keys.bodyBytes), chunkOverheadBytes: reader.number(Keys.chunkOverheadBytes))
    timing = ConnectionTiming(
      header: .milliseconds(reader.number(Keys.headerTimeoutMs)), bodyGrace: .milliseconds(reader.number(Keys.bodyGraceMs)),
      bodyBytesPerSecond: reader.number(Keys.bodyBytesPerSecond), idle: .milliseconds(reader.number(Keys.idleTimeoutMs)),
      // The forwarder answers within its deadline; this is for the case that it does not.
      answer: hold.total + ConnectionTiming.answerGrace)
    load = EdgeLoad.Limits(
      connections: reader.number(Keys.connections), requests: reader.number(Keys.requests), bytes: reader.number(Keys.heldBytes))
    policies = TriggerPolicies.Limits(sources: reader.number(Keys.rateLimitedSources))
    resolver = reader.resolver()
    publicURL = reader.publicURL()
    metricsOnPublicPort = reader.choice(Keys.metrics, EdgeCore.MetricsAccess.init(rawValue:)) ?? .never
    accessLogEvery = reader.number(Keys.accessLogEvery)
  }
}

extension SettingReader {
  fileprivate mutating func address(_ setting: Setting, mayBeEmpty: Bool = false) -> ListenAddress? {
    let value = text(setting)
    if value.isEmpty, mayBeEmpty { return nil }
    let address = ListenAddress(value)
    if address == nil { fault(setting, "must be ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080") }
    return address
  }

  fileprivate mutating func choice<Value>(_ setting: Setting, _ make: (String) -> Value?) -> Value? {
    let value = make(text(setting))
    if value == nil {
      var words = setting.summary
      if case .text(let hint) = setting.kind, hint.contains("|") { words = hint }
      fault(setting, "must be one of \(words)")
    }
    return value
  }

  /// The parts of a comma-separated value without blanks around them, empty ones left out.
  fileprivate mutating func list(_ setting: Setting) -> [String] {
    text(setting).split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }

  fileprivate mutating func publicTLS() -> EdgeConfiguration.PublicTLS? {
    typealias Keys = EdgeSettings
    let (certificate, key) = (text(Keys.tlsCertificate), text(Keys.tlsKey))
    if certificate.isEmpty != key.isEmpty {
      fault(
        certificate.isEmpty ? Keys.tlsCertificate : Keys.tlsKey,
        "is required with \((certificate.isEmpty ? Keys.tlsKey : Keys.tlsCertificate).flag)")
    }
    return certificate.isEmpty || key.isEmpty ? nil : EdgeConfiguration.PublicTLS(certificate: certificate, key: key)
  }

  fileprivate mutating func controlPlanes() -> [RPCEndpoint] {
    let endpoints = list(EdgeSettings.controlPlane).compactMap { part in
      let endpoint = RPCEndpoint(part)
      if endpoint == nil { fault(EdgeSettings.controlPlane, "\"\(part)\" is not HOST:PORT") }
      return endpoint
    }
    if endpoints.isEmpty { fault(EdgeSettings.controlPlane, "names no control plane") }
    return endpoints
  }

  fileprivate mutating func transport(_ endpoints: [RPCEndpoint]) -> EdgeConfiguration.Transport {
    typealias Keys = EdgeSettings
    let isPlain = toggle(Keys.insecurePlaintext)
    let files = [Keys.certificateAuthority, Keys.certificate, Keys.privateKey].map { ($0, text($0)) }
    let name = text(Keys.serverName)
    if isPlain {
      if !endpoints.allSatisfy({ ListenAddress.isLoopback(host: $0.host) }) {
        fault(Keys.insecurePlaintext, "is only allowed when every control plane is on a loopback address")
      }
      return .plaintext
    }
    for (setting, value) in files where value.isEmpty {
      fault(setting, "is required (or \(Keys.insecurePlaintext.flag) on a loopback address)")
    }
    return .mutualTLS(authority: files[0].1, certificate: files[1].1, key: files[2].1, serverName: name.isEmpty ? nil : name)
  }

  fileprivate mutating func resolver() -> ClientAddressResolver {
    typealias Keys = EdgeSettings
    var blocks: [CIDRBlock] = []
    for part in list(Keys.trustedProxies) {
      do throws(AddressSyntaxError) {
        blocks.append(try CIDRBlock(parsing: part))
      } catch {
        fault(Keys.trustedProxies, "\"\(part)\": \(error)")
      }
    }
    let hops = number(Keys.trustedHops)
    if hops > 0, !blocks.isEmpty { fault(Keys.trustedHops, "and \(Keys.trustedProxies.flag) exclude each other") }
    let header = choice(Keys.proxyHeader) { ForwardedHeader(rawValue: $0.lowercased()) } ?? .xForwardedFor
    return ClientAddressResolver(proxies: !blocks.isEmpty ? .blocks(blocks) : hops > 0 ? .hops(hops) : .none, header: header)
  }

  fileprivate mutating func publicURL() -> String? {
    let value = text(EdgeSettings.publicURL)
    guard !value.isEmpty else { return nil }
    let base = String(value.reversed().drop { $0 == "/" }.reversed())
    // An origin, and perhaps a path that a proxy in front takes off.
    guard base.hasPrefix("https://") || base.hasPrefix("http://"), base.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      !base.contains("?"), !base.contains("#")
    else {
      fault(EdgeSettings.publicURL, "must be http:// or https://, a host, and no query")
      return nil
    }
    return base
  }
}
