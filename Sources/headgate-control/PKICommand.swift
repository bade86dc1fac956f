import ArgumentParser
import PKI

/// `headgate-control pki`: the certificates that RPC peers show each other.
struct PKICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pki", abstract: "Make a certificate authority and certificates with roles.",
    subcommands: [PKIInitCommand.self, PKIIssueCommand.self])
}

/// `headgate-control pki init`: a new authority.
struct PKIInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a certificate authority: ca.pem and ca.key (0600). Never overwrites one.",
    discussion: "Example: headgate-control pki init --directory pki")

  @Option(help: ArgumentHelp("Where to write it; made when absent.", valueName: "directory"))
  var directory: String

  func run() throws {
    _ = try CertificateAuthority.create(in: directory)
    print("\(directory)/\(CertificateAuthority.certificateFile)")
  }
}

/// `headgate-control pki issue`: a certificate for a server, an edge node, a person or a worker.
struct PKIIssueCommand: ParsableCommand {
  /// The role of a control plane's own certificate, which is a server's and carries no role at the control plane.
  static let control = "control"

  static let configuration = CommandConfiguration(
    commandName: "issue", abstract: "Issue NAME.pem and NAME.key (0600) from the authority in a directory.",
    usage: "headgate-control pki issue [<options>] --name <name> --role <role>",
    discussion: """
      Example: headgate-control pki issue --directory pki --name edge-1 --role edge
      Example: headgate-control pki issue --directory pki --name ana --role admin
      Example: headgate-control pki issue --directory pki --name control \\
        --role control --dns control.example.com
      """)

  @Option(help: ArgumentHelp("Where the authority is and the files are written.", valueName: "directory"))
  var directory: String

  @Option(help: "Of the principal; also the files' name.")
  var name: String

  @Option(help: "control (the server), edge, admin, operator, reader or worker. May be given several times.")
  var role: [String]

  @Option(help: "Confine the certificate to this workspace.")
  var workspace: String?

  @Option(help: "DNS name that a server is reached by; default for the role control: localhost. Repeatable.")
  var dns: [String] = []

  @Option(help: "IP address that a server is reached by; default for the role control: 127.0.0.1 and ::1. Repeatable.")
  var ip: [String] = []

  @Option(help: "How long it holds, in days.")
  var days = 730

  @Flag(help: "Replace files that exist.")
  var replace = false

  func validate() throws {
    if role.isEmpty { throw ValidationError("--role is required") }
    for role in role where role != Self.control && CertificateRole(rawValue: role) == nil {
      throw ValidationError("--role \(role): must be control, edge, admin, operator, reader or worker")
    }
    if !(1...36_500).contains(days) { throw ValidationError("--days must be from 1 to 36500") }
  }

  func run() throws {
    let isServer = role.contains(Self.control)
    let isReachedByDefault = isServer && dns.isEmpty && ip.isEmpty
    let certificate = try CertificateAuthority.load(from: directory).issue(
      name: name, roles: role.compactMap(CertificateRole.init(rawValue:)), workspace: workspace,
      dnsNames: isReachedByDefault ? ["localhost"] : dns, ipAddresses: isReachedByDefault ? ["127.0.0.1", "::1"] : ip,
      validity: .lasting(.seconds(days * 86_400)))
    try certificate.write(to: directory, name: name, replacing: replace)
    print("\(directory)/\(name).pem")
  }
}
