import HeadgateProto
import Testing

@testable import Client

@Suite struct CertificateCommandTests {
  private static let fingerprint = Array(0..<32 as Range<UInt8>)
  private static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

  private static func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    let now = CommandRun.now.microseconds
    control.on(AccessServiceMethods.listCertificates) { _ in
      ListCertificatesResponse(certificates: [
        Certificate(
          fingerprint: fingerprint, name: "edge-1", roles: [.edge], issuer: "O=Example, CN=Headgate CA", serial: [0x5e, 1],
          notBeforeUs: 1, notAfterUs: now + 1_000_000, firstUsedAtUs: now - 60_000_000, lastUsedAtUs: now - 60_000_000),
        Certificate(
          fingerprint: fingerprint.reversed(), name: "x\u{1b}", roles: [.admin, .reader], workspace: "shop", serial: [2],
          notAfterUs: now),
        Certificate(fingerprint: fingerprint.dropLast() + [9], revokedAtUs: 5, revokedBy: "admin", reason: "lost"),
      ])
    }
    control.on(AccessServiceMethods.revokeCertificate) { request in
      Certificate(fingerprint: request.fingerprint, name: request.serial.isEmpty ? "edge-1" : "", revokedAtUs: 1)
    }
    return control
  }

  @Test(arguments: [
    ([], "either"), (["0001020304", "--serial", "1"], "either"), (["0001020304", "--issuer", "CN=a"], "--issuer"),
    (["edge-1"], "not a fingerprint"), (["000102"], "8 to 64"), ([digits + "0"], "8 to 64"),
    (["--serial", "0x1"], "hexadecimal"),
    (["--serial", ":"], "hexadecimal"),
  ])
  func refusesUsage(_ arguments: [String], _ message: String) async {
    let control = Self.control()
    let run = await CommandRun.headgate(["certificate", "revoke"] + arguments, .init(control: control))
    #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
    #expect(control.calls.isEmpty && run.output.isEmpty)
  }

  @Test func revoking() async {
    let colons = stride(from: 0, to: 64, by: 2).map { Array(Self.digits.uppercased())[$0..<($0 + 2)].map(String.init).joined() }
      .joined(separator: ":")
    for reference in [Self.digits, colons] {
      let control = Self.control()
      let run = await CommandRun.headgate(
        ["certificate", "revoke", reference, "--reason", "lost", "-w", "shop"], .init(control: control))
      #expect(run.status == 0 && run.output == "edge-1: revoked\n", "\(run.errors)")
      #expect(
        control.requests(of: AccessServiceMethods.revokeCertificate)
          == [RevokeCertificateRequest(workspace: "shop", fingerprint: Self.fingerprint, reason: "lost")])
    }
    let control = Self.control()
    let serial = await CommandRun.headgate(
      ["certificate", "revoke", "--serial", "5:e0:1", "--issuer", "CN=a"], .init(control: control))
    #expect(serial.output == "a certificate that was never seen: revoked\n")
    #expect(
      control.requests(of: AccessServiceMethods.revokeCertificate)
        == [RevokeCertificateRequest(serial: [0x5e, 1], issuer: "CN=a")])
    control.on(AccessServiceMethods.revokeCertificate) { _ in throw RPCError(.notFound, "there is no certificate") }
    #expect(await CommandRun.headgate(["certificate", "revoke", Self.digits], .init(control: control)).status == 3)
  }

  @Test func theBeginningOfAFingerprintNamesOneOfTheList() async {
    let control = Self.control()
    let run = await CommandRun.headgate(["certificate", "revoke", "1f1e1d1c1b"], .init(control: control))
    #expect(run.status == 0, "\(run.errors)")
    #expect(control.requests(of: AccessServiceMethods.revokeCertificate).map(\.fingerprint) == [Self.fingerprint.reversed()])
    let several = await CommandRun.headgate(["certificate", "revoke", "0001020304"], .init(control: control))
    #expect(several.status == 2 && several.errors.contains("2 fingerprints"), "\(several.errors)")
    let none = await CommandRun.headgate(["certificate", "revoke", "ffffffff"], .init(control: control))
    #expect(none.status == 3 && none.errors.contains("all 64 digits"))
    #expect(control.requests(of: AccessServiceMethods.revokeCertificate).count == 1)
  }

  @Test func theList() async {
    let control = Self.control()
    let run = await CommandRun.headgate(["certificate", "list"], .init(control: control))
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 4 && lines[0].hasPrefix("NAME"), "\(run.output)")
    #expect(lines[1].contains("ends 2026-01-02T03:04:06") && lines[1].contains("0001020304050607") && lines[1].contains("5e01"))
    #expect(lines[2].contains("expired") && lines[2].contains("admin, reader") && lines[2].contains("shop"))
    #expect(lines[3].contains("revoked") && lines[3].contains("never seen") && !run.output.contains("\u{1b}"))
    let narrow = await CommandRun.headgate(["certificate", "list", "--no-color"], .init(control: control, isTerminal: true))
    #expect(narrow.output.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= 80 }, "\(narrow.output)")
    let json = await CommandRun.headgate(["certificate", "list", "-o", "json"], .init(control: control))
    #expect(json.output.contains("\"fingerprint\": \"\(Self.digits)\"") && json.output.contains("\"reason\": \"lost\""))
    control.on(AccessServiceMethods.listCertificates) { _ in ListCertificatesResponse() }
    #expect(await CommandRun.headgate(["certificate", "list"], .init(control: control)).output == "no certificates\n")
  }
}
