package import Identifiers
import Postgres

extension Store {
  /// Certificates that were seen or revoked, last used first.
  ///
  /// - Parameters:
  ///   - workspace: only those that name it; `nil`: all there are.
  ///   - reference: only what it may mean.
  package func certificates(
    confinedTo workspace: String?, _ reference: CertificateReference = CertificateReference(), limit: Int
  ) async throws(StoreError) -> [CertificateRow] {
    try await read { session in
      try session.query(
        Statements.listCertificates,
        [
          .optional(workspace, PostgresValue.text), .null, .optional(reference.fingerprint, PostgresValue.bytes),
          .optional(reference.serial, PostgresValue.bytes), .optional(reference.issuer, PostgresValue.lenientText),
          .int32(Int32(clamping: limit)),
        ]
      ).map { try CertificateRow(&$0) }
    }
  }

  /// Every certificate that is revoked and has not expired.
  package func revokedCertificates() async throws(StoreError) -> [CertificateReference] {
    try await read { session in
      try session.query(Statements.revokedCertificates).map { row in
        let fingerprint = try row.optionalBytes()
        let (issuer, serial) = (try row.text(), try row.bytes())
        return CertificateReference(
          fingerprint: fingerprint, issuer: serial.isEmpty ? nil : issuer, serial: serial.isEmpty ? nil : serial)
      }
    }
  }

  /// Ends a certificate at once. One that is revoked already stays as it is, without an audit row.
  ///
  /// - Throws: `.notFound(.certificate)`.
  package func revokeCertificate(
    _ id: UniqueID, in workspace: UniqueID, by principal: String, reason: String, audit: AuditEntry
  ) async throws(StoreError) -> CertificateRow {
    try await change { [identifiers] session in
      let revoked = try session.query(
        Statements.revokeCertificate, [.id(workspace), .id(id), .lenientText(principal), .lenientText(reason)])
      if revoked.affectedCount == 1 {
        try session.record(audit, identifiers)
        try session.announce(.certificates)
      }
      return try session.certificate(id)
    }
  }

  /// Ends a certificate that was never seen.
  ///
  /// - Parameter limit: how many such there may be.
  /// - Throws: `.alreadyExists(.certificate)` when it has been seen meanwhile; `.tooMany(.certificate)`.
  package func revokeUnseenCertificate(
    _ reference: CertificateReference, in workspace: UniqueID, by principal: String, reason: String, limit: Int,
    audit: AuditEntry
  ) async throws(StoreError) -> CertificateRow {
    try await change { [identifiers] session in
      let count = try session.query(Statements.countRevokedUnseen).first { try $0.int64() } ?? 0
      guard count < limit else { throw StoreError.tooMany(.certificate) }
      let id = UniqueID.random()
      let inserted = try session.query(
        Statements.insertRevokedCertificate,
        [
          .id(workspace), .id(id), .optional(reference.fingerprint, PostgresValue.bytes),
          .lenientText(reference.issuer ?? ""), .bytes(reference.serial ?? []), .lenientText(principal), .lenientText(reason),
        ])
      guard inserted.affectedCount == 1 else { throw StoreError.alreadyExists(.certificate) }
      try session.record(audit, identifiers)
      try session.announce(.certificates)
      return try session.certificate(id)
    }
  }

  /// Notes that connections are open with these certificates in the present minute.
  ///
  /// - Parameter home: name of the workspace that those belong to which are confined to none.
  package func noteUse(of certificates: [UsedCertificate], home: String) async throws(StoreError) {
    try await change { session in
      // In one order everywhere: replicas note the same ones at the same time.
      for certificate in certificates.sorted(by: { $0.fingerprint.lexicographicallyPrecedes($1.fingerprint) }) {
        try session.query(
          Statements.certificateUse,
          [
            .id(.random()), .bytes(certificate.fingerprint), .lenientText(certificate.issuer), .bytes(certificate.serial),
            .lenientText(certificate.name), .text(certificate.roles), .lenientText(certificate.confinedTo),
            .int64(certificate.validity.lowerBound), .int64(certificate.validity.upperBound), .text(home),
          ])
      }
    }
  }

  /// Takes certificates out of the list that ended more than so many days ago.
  ///
  /// - Returns: how many there were.
  package func deleteEndedCertificates(olderThanDays days: Int) async throws(StoreError) -> Int {
    try await write { session in
      try session.query(Statements.deleteEndedCertificates, [.int32(Int32(clamping: days))]).affectedCount
    }
  }
}

extension PostgresSession {
  fileprivate func certificate(_ id: UniqueID) throws -> CertificateRow {
    let rows = try query(Statements.listCertificates, [.null, .id(id), .null, .null, .null, .int32(1)])
    guard let row = try rows.first({ try CertificateRow(&$0) }) else { throw StoreError.notFound(.certificate) }
    return row
  }
}
