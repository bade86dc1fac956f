import Postgres

/// Statements of runs on their way through workers.
extension Statements {
  static let completeRuns = statement("complete_runs", PackageResources.complete_runs_sql)
  static let extendLease = statement("extend_lease", PackageResources.extend_lease_sql)
  static let failRun = statement("fail_run", PackageResources.fail_run_sql)
  static let giveBackRuns = statement("give_back_runs", PackageResources.give_back_runs_sql)
  static let leaseRuns = statement("lease_runs", PackageResources.lease_runs_sql)
  static let nextRunAvailable = statement("next_run_available", PackageResources.next_run_available_sql)
  static let retryRun = statement("retry_run", PackageResources.retry_run_sql)
  static let runLeases = statement("run_leases", PackageResources.run_leases_sql)
  static let wakeRuns = statement("wake_runs", PackageResources.wake_runs_sql)
  static let wakeStrandedRuns = statement("wake_stranded_runs", PackageResources.wake_stranded_runs_sql)

  static let runs: [PostgresStatement] = [
    completeRuns, extendLease, failRun, giveBackRuns, leaseRuns, nextRunAvailable, retryRun, runLeases, wakeRuns,
    wakeStrandedRuns,
  ]
}
