import ArgumentParser
import HeadgateProto

/// `headgate certificate`.
struct CertificateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificate",
    abstract: "Client certificates: which are in use; revoke one that was lost.",
    discussion: """
      Certificates of people, edge nodes and workers are issued by headgate-control pki, and hold until they expire or are \
      revoked here. Needs the admin role.

      Example: headgate certificate list
      """,
    subcommands: [CertificateList.self, CertificateRevoke.self])
}

/// `headgate certificate list`.
struct CertificateList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the certificates that were used or revoked, last used first.",
    discussion: """
      One that was issued and never used is not in it. With -w only those that are confined to that workspace. Last use is \
      the last minute with a connection. Expired ones leave the list after 90 days.

      Example: headgate certificate list
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let certificates = try await session.access.listCertificates(ListCertificatesRequest(workspace: session.workspace))
      .certificates
    switch screen.format {
    case .json: try screen.print(["certificates": .array(certificates.map(\.json))])
    case .table where certificates.isEmpty: try screen.print("no certificates")
    case .table:
      let now = screen.environment.now()
      try screen.print(
        Table(
          [
            Table.Column("NAME", cutTo: 10), Table.Column("ROLES", cutTo: 8),
            Table.Column("WORKSPACE", cutTo: 8, fallback: .leftOut(rank: 2)), Table.Column("STATE"),
            Table.Column("LAST USED", fallback: .leftOut(rank: 3)), Table.Column("FINGERPRINT"),
            Table.Column("ISSUER", cutTo: 8, fallback: .leftOut(rank: 1)),
            Table.Column("SERIAL", fallback: .leftOut(rank: 0)),
          ],
          rows: certificates.map { certificate in
            let state = certificate.state(now: now)
            return [
              Table.Cell(certificate.name.isEmpty ? "(never seen)" : certificate.name, .bold),
              Table.Cell(certificate.roles.map(snakeCase).joined(separator: ", ")),
              Table.Cell(certificate.workspace.isEmpty ? "all" : certificate.workspace),
              Table.Cell(state == .ends ? "ends \(screen.time(certificate.notAfterUs))" : state.rawValue, state.ink),
              Table.Cell(certificate.lastUsedAtUs == 0 ? "never" : screen.time(certificate.lastUsedAtUs)),
              Table.Cell(String(Hexadecimal.text(certificate.fingerprint).prefix(Hexadecimal.shortLength))),
              Table.Cell(certificate.issuer), Table.Cell(Hexadecimal.text(certificate.serial)),
            ]
          }))
    }
  }
}

/// `headgate certificate revoke`.
struct CertificateRevoke: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Shut a certificate out, within seconds everywhere. Audited.",
    discussion: """
      Connections that are open with it end, with their calls and streams: those of an edge node too. It cannot be undone; \
      issue another certificate. It is named by its SHA-256 fingerprint, with or without colons, or the first 8 digits or more of \
      it if it is in the list; or by its serial number.

      Of a file: openssl x509 -in lost.crt -noout -fingerprint -sha256

      Example: headgate certificate revoke 3f9c2a71d0e4 --reason "laptop stolen"
      Example: headgate certificate revoke --serial 5E:01:9C --issuer "CN=Headgate CA"
      """)

  @Argument(help: "SHA-256 of the certificate in hexadecimal, or its beginning.")
  var fingerprint: String?

  @Option(help: ArgumentHelp("Serial number in hexadecimal.", valueName: "digits"))
  var serial: String?

  @Option(
    help: ArgumentHelp("Issuer, as in the list. Needed when --serial is not in the list, or several have it.", valueName: "name"))
  var issuer: String?

  @Option(help: "Why, for the list and the audit log.")
  var reason: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    if (fingerprint == nil) == (serial == nil) { throw ValidationError("give either a fingerprint or --serial") }
    if issuer != nil, serial == nil { throw ValidationError("--issuer goes with --serial") }
    if let fingerprint {
      guard let digits = Hexadecimal.digits(fingerprint), digits.count >= Hexadecimal.shortestPrefix,
        digits.count <= Hexadecimal.fingerprintLength
      else {
        throw ValidationError(
          "\"\(fingerprint)\" is not a fingerprint: \(Hexadecimal.shortestPrefix) to \(Hexadecimal.fingerprintLength) "
            + "hexadecimal digits")
      }
    }
    if let serial, Hexadecimal.digits(serial) == nil {
      throw ValidationError("--serial \"\(serial)\" is not a number in hexadecimal digits")
    }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var request = RevokeCertificateRequest(
      workspace: session.workspace, issuer: issuer ?? "", reason: reason ?? "")
    if let digits = fingerprint.flatMap(Hexadecimal.digits) {
      request.fingerprint = try await Self.fingerprint(digits, session)
    } else if let digits = serial.flatMap(Hexadecimal.digits) {
      request.serial = Hexadecimal.bytes(digits)
    }
    let certificate = try await session.access.revokeCertificate(request)
    switch screen.format {
    case .json: try screen.print(certificate.json)
    case .table:
      let name = certificate.name.isEmpty ? "a certificate that was never seen" : certificate.name
      try screen.print("\(TerminalText.escaped(name)): revoked")
    }
  }

  /// The whole fingerprint that begins with these digits.
  private static func fingerprint(_ digits: String, _ session: Session) async throws -> [UInt8] {
    if digits.count == Hexadecimal.fingerprintLength { return Hexadecimal.bytes(digits) }
    let listed = try await session.access.listCertificates(ListCertificatesRequest(workspace: session.workspace)).certificates
    let found = listed.filter { Hexadecimal.text($0.fingerprint).hasPrefix(digits) }
    guard let certificate = found.first else {
      throw RPCError(.notFound, "no certificate in the list has a fingerprint that begins with \(digits); give all 64 digits")
    }
    guard found.count == 1 else {
      throw RPCError(.invalidArgument, "\(found.count) fingerprints begin with \(digits); give more digits")
    }
    return certificate.fingerprint
  }
}

/// Fingerprints and serial numbers on the command line.
enum Hexadecimal {
  /// Digits of a SHA-256.
  static let fingerprintLength = 64
  /// Digits that lists show.
  static let shortLength = 16
  /// The fewest digits that name a certificate of the list.
  static let shortestPrefix = 8

  /// Lower-case.
  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The digits without the colons that openssl writes, lower-case; `nil`: there is something else, or nothing.
  static func digits(_ text: String) -> String? {
    let digits = text.lowercased().filter { $0 != ":" }
    guard !digits.isEmpty, digits.utf8.allSatisfy({ isDigit($0) }) else { return nil }
    return digits
  }

  /// - Parameter digits: as `digits` gives them; an odd number of them begins with half a byte.
  static func bytes(_ digits: String) -> [UInt8] {
    let even = Array((digits.utf8.count.isMultiple(of: 2) ? digits : "0" + digits).utf8)
    return stride(from: 0, to: even.count, by: 2).map { value(even[$0]) << 4 | value(even[$0 + 1]) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  private static func value(_ digit: UInt8) -> UInt8 {
    digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
  }
}

extension Certificate {
  /// Whether the certificate opens a connection.
  enum State: String {
    /// Valid, with its end.
    case ends
    case expired
    case revoked

    var ink: Ink {
      switch self {
      case .ends: .green
      case .expired, .revoked: .yellow
      }
    }
  }

  func state(now: Timestamp) -> State {
    if revokedAtUs != 0 { return .revoked }
    return notAfterUs <= now.microseconds ? .expired : .ends
  }

  /// The form for scripts.
  var json: JSONValue {
    [
      "name": .string(name), "roles": .array(roles.map { .string(snakeCase($0)) }), "workspace": .textOrNull(workspace),
      "fingerprint": .textOrNull(Hexadecimal.text(fingerprint)), "issuer": .textOrNull(issuer),
      "serial": .textOrNull(Hexadecimal.text(serial)), "not_before": .time(notBeforeUs), "not_after": .time(notAfterUs),
      "first_used_at": .time(firstUsedAtUs), "last_used_at": .time(lastUsedAtUs), "revoked_at": .time(revokedAtUs),
      "revoked_by": .textOrNull(revokedBy), "reason": .textOrNull(reason),
    ]
  }
}
