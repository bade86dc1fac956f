import Postgres

/// Statements of API keys, certificates, the audit log and key rotation.
extension Statements {
  static let auditIsChangeable = statement("audit_is_changeable", PackageResources.audit_is_changeable_sql)
  static let backupAccess = statement("backup_access", PackageResources.backup_access_sql)
  static let backupDefects = statement("backup_defects", PackageResources.backup_defects_sql)
  static let backupRights = statement("backup_rights", PackageResources.backup_rights_sql)
  static let certificateUse = statement("certificate_use", PackageResources.certificate_use_sql)
  static let countAPIKeys = statement("count_api_keys", PackageResources.count_api_keys_sql)
  static let countRevokedUnseen = statement("count_revoked_unseen", PackageResources.count_revoked_unseen_sql)
  static let countSealed = statement("count_sealed", PackageResources.count_sealed_sql)
  static let deleteEndedCertificates = statement("delete_ended_certificates", PackageResources.delete_ended_certificates_sql)
  static let findAPIKeys = statement("find_api_keys", PackageResources.find_api_keys_sql)
  static let grantServing = statement("grant_serving", PackageResources.grant_serving_sql)
  static let insertAPIKey = statement("insert_api_key", PackageResources.insert_api_key_sql)
  static let insertRevokedCertificate = statement("insert_revoked_certificate", PackageResources.insert_revoked_certificate_sql)
  static let listAPIKeys = statement("list_api_keys", PackageResources.list_api_keys_sql)
  static let listCertificates = statement("list_certificates", PackageResources.list_certificates_sql)
  static let liveAPIKeys = statement("live_api_keys", PackageResources.live_api_keys_sql)
  static let noteAPIKeyUse = statement("note_api_key_use", PackageResources.note_api_key_use_sql)
  static let requestsToReseal = statement("requests_to_reseal", PackageResources.requests_to_reseal_sql)
  static let resealRequests = statement("reseal_requests", PackageResources.reseal_requests_sql)
  static let resealSecrets = statement("reseal_secrets", PackageResources.reseal_secrets_sql)
  static let resealVariables = statement("reseal_variables", PackageResources.reseal_variables_sql)
  static let revokeAPIKey = statement("revoke_api_key", PackageResources.revoke_api_key_sql)
  static let revokeCertificate = statement("revoke_certificate", PackageResources.revoke_certificate_sql)
  static let revokedCertificates = statement("revoked_certificates", PackageResources.revoked_certificates_sql)
  static let secretsToReseal = statement("secrets_to_reseal", PackageResources.secrets_to_reseal_sql)
  static let variablesToReseal = statement("variables_to_reseal", PackageResources.variables_to_reseal_sql)

  static let access: [PostgresStatement] = [
    auditIsChangeable, backupAccess, backupDefects, backupRights, certificateUse, countAPIKeys, countRevokedUnseen, countSealed,
    deleteEndedCertificates, findAPIKeys, grantServing, insertAPIKey, insertRevokedCertificate, listAPIKeys, listCertificates,
    liveAPIKeys, noteAPIKeyUse, requestsToReseal, resealRequests, resealSecrets, resealVariables, revokeAPIKey, revokeCertificate,
    revokedCertificates, secretsToReseal, variablesToReseal,
  ]
}
