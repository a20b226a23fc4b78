"""What Dagster's UI shows of assets, read as the UI reads it."""

from typing import Any

import dagster as dg
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value


def shown(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Per asset: built and failed partitions, the newest row of each, the newest run, and what its checks say.

    The cache of partitions is computed from the event log anew.
    """
    found: dict[str, Any] = {}
    log = instance.event_log_storage
    for asset in definitions.assets or []:
        if not isinstance(asset, dg.AssetsDefinition):
            continue
        log.wipe_asset_cached_status(asset.key)
        status = get_and_update_asset_status_cache_value(instance, asset.key, asset.partitions_def)
        newest = instance.get_latest_materialization_event(asset.key)
        record = next(iter(instance.get_asset_records([asset.key])), None)
        found[asset.key.to_user_string()] = {
            "built": status and status.serialized_materialized_partition_subset,
            "failed": status and status.serialized_failed_partition_subset,
            "newest": newest and (newest.run_id, newest.timestamp),
            "asked": record and (record.asset_entry.last_run_id, record.asset_entry.last_materialization_storage_id),
            "by partition": log.get_latest_storage_id_by_partition(
                asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION
            ),
            "checks": {
                spec.name: sorted(map(str, log.get_asset_check_partition_info([spec.key])))
                for spec in asset.check_specs
            },
        }
    return found
