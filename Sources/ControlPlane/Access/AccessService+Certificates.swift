import Cryptography
package import HeadgateProto
import Identifiers
import Postgres
import Store

extension AccessService {
  package func listCertificates(
    _ request: ListCertificatesRequest, context: CallContext
  ) async throws -> ListCertificatesResponse {
    let (_, confinedTo) = try await scope(request.workspace, context)
    // Those of connections that were opened here a moment ago are shown too.
    do { try await certificates.noteUse() } catch { throw RPCError(error) }
    let rows = try await store.answer { store throws(StoreError) in
      try await store.certificates(confinedTo: confinedTo, limit: CertificateLimits.listed)
    }
    return ListCertificatesResponse(certificates: rows.map(Certificate.init))
  }

  package func revokeCertificate(_ request: RevokeCertificateRequest, context: CallContext) async throws -> Certificate {
    let reference = try Self.reference(of: request)
    let (workspace, confinedTo) = try await scope(request.workspace, context)
    do { try await certificates.noteUse() } catch { throw RPCError(error) }
    let found = try await store.answer { store throws(StoreError) in
      try await store.certificates(confinedTo: confinedTo, reference, limit: 2)
    }
    guard let certificate = found.first else {
      return try await revokeUnseen(reference, request, in: workspace, isConfined: confinedTo != nil, context)
    }
    guard found.count == 1 else {
      throw RPCError(
        .failedPrecondition, "several certificates have this serial number; name the issuer, or the fingerprint instead")
    }
    // In the log of the workspace that it is confined to, whoever revokes it.
    let own =
      try await certificate.confinedTo.isEmpty
      ? nil
      : store.answer { store throws(StoreError) in
        try await store.workspace(named: certificate.confinedTo)
      }
    let audit = audit(
      of: CertificateReference(certificate), certificate.name, request, in: own ?? workspace, concernsAll: own == nil, context)
    let row = try await store.answer(about: reference.text) { store throws(StoreError) in
      try await store.revokeCertificate(
        certificate.id, in: certificate.workspace, by: context.principal.name, reason: request.reason, audit: audit)
    }
    await reloadCertificates()
    return Certificate(row)
  }

  /// One that was stolen before it was ever used here, say. Only who may see every workspace can tell that nobody has it.
  private func revokeUnseen(
    _ reference: CertificateReference, _ request: RevokeCertificateRequest, in workspace: WorkspaceRow, isConfined: Bool,
    _ context: CallContext
  ) async throws(RPCError) -> Certificate {
    let missing = RPCError(.notFound, "there is no certificate with \(reference.text)")
    if isConfined { throw missing }
    if reference.fingerprint == nil, reference.issuer == nil {
      let message = "no certificate with \(reference.text) has been seen: to revoke it all the same, name its issuer"
      throw RPCError(.failedPrecondition, message, faults: [Fault(path: "issuer", code: "required", message: message)])
    }
    let audit = audit(of: reference, "", request, in: workspace, concernsAll: true, context)
    let row = try await store.answer(about: "with \(reference.text)") { store throws(StoreError) in
      try await store.revokeUnseenCertificate(
        reference, in: workspace.id, by: context.principal.name, reason: request.reason, limit: CertificateLimits.unseen,
        audit: audit)
    }
    await reloadCertificates()
    return Certificate(row)
  }

  /// The workspace that the act belongs to, and the one that certificates must be confined to; `nil`: to any or none.
  private func scope(_ name: String, _ context: CallContext) async throws(RPCError) -> (WorkspaceRow, String?) {
    let workspace = try await directory.workspace(name, for: context.principal)
    return (workspace, name.isEmpty && context.principal.workspace == nil ? nil : workspace.name)
  }

  private static func reference(of request: RevokeCertificateRequest) throws(RPCError) -> CertificateReference {
    var checks = RequestChecks()
    checks.optional(request.issuer, "issuer")
    checks.optional(request.reason, "reason", atMost: RequestLimits.reasonBytes)
    let serial = Array(request.serial.drop { $0 == 0 })
    if request.fingerprint.isEmpty == request.serial.isEmpty {
      checks.fault("fingerprint", "required", "either fingerprint or serial must be given")
    }
    if !request.fingerprint.isEmpty, request.fingerprint.count != CertificateLimits.fingerprintBytes {
      checks.fault(
        "fingerprint", "invalid_value", "fingerprint must be the \(CertificateLimits.fingerprintBytes) bytes of SHA-256")
    }
    if !request.fingerprint.isEmpty, !request.issuer.isEmpty {
      checks.fault("issuer", "conflict", "issuer is given with a serial only")
    }
    if !request.serial.isEmpty, serial.isEmpty || serial.count > CertificateLimits.serialBytes {
      checks.fault("serial", "invalid_value", "serial must be a number of at most \(CertificateLimits.serialBytes) bytes")
    }
    try checks.finish()
    if !request.fingerprint.isEmpty { return CertificateReference(fingerprint: request.fingerprint) }
    return CertificateReference(issuer: request.issuer.isEmpty ? nil : request.issuer, serial: serial)
  }

  private func audit(
    of reference: CertificateReference, _ name: String, _ request: RevokeCertificateRequest, in workspace: WorkspaceRow,
    concernsAll: Bool, _ context: CallContext
  ) -> AuditEntry {
    context.audit(
      in: workspace.id, "certificate.revoke", object: name.isEmpty ? reference.text : name,
      details: [
        "fingerprint": (reference.fingerprint ?? []).hexadecimal, "serial": (reference.serial ?? []).hexadecimal,
        "issuer": reference.issuer ?? "", "reason": request.reason,
      ], concernsAll: concernsAll)
  }

  /// What was changed here holds here at once; should this fail, the announcement or the regular reload makes up for it.
  private func reloadCertificates() async {
    do { try await certificates.reload() } catch {}
  }
}

/// Limits of certificates.
enum CertificateLimits {
  /// Certificates that a list shows.
  static let listed = 1000
  /// Certificates that may be revoked without having been seen.
  static let unseen = 10_000
  /// SHA-256.
  static let fingerprintBytes = 32
  /// Octets of a serial number (RFC 5280 §4.1.2.2: at most 20; older ones may be longer).
  static let serialBytes = 64
  /// Days that a certificate is listed after its end.
  static let listedAfterEndDays = 90
}

extension CertificateReference {
  fileprivate init(_ row: CertificateRow) {
    self.init(fingerprint: row.fingerprint, issuer: row.issuer, serial: row.serial)
  }

  /// For people: "fingerprint 12ab…" or "serial number 0f".
  fileprivate var text: String {
    if let fingerprint { return "fingerprint \(fingerprint.hexadecimal)" }
    return "serial number \((serial ?? []).hexadecimal)"
  }
}

extension [UInt8] {
  fileprivate var hexadecimal: String { Hex.encode(self) }
}

extension Certificate {
  init(_ row: CertificateRow) {
    let names = row.roles.split(separator: ",")
    self.init(
      fingerprint: row.fingerprint ?? [], name: row.name,
      roles: Role.allCases.filter { role in names.contains { $0 == "\(role)" } }, workspace: row.confinedTo,
      issuer: row.issuer, serial: row.serial, notBeforeUs: row.notBefore?.microseconds ?? 0,
      notAfterUs: row.notAfter?.microseconds ?? 0, firstUsedAtUs: row.firstUsedAt?.microseconds ?? 0,
      lastUsedAtUs: row.lastUsedAt?.microseconds ?? 0, revokedAtUs: row.revokedAt?.microseconds ?? 0,
      revokedBy: row.revokedBy, reason: row.reason)
  }
}
