package org.segmeter.pacs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Reasons;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Seals the identifiers of instances that were stored before there were seals, and again those that were sealed with another key. */
@Component
final class Seals {

    private static final Logger log = LoggerFactory.getLogger(Seals.class);
    private static final int AT_ONCE = 200;

    private final InstanceRows rows;
    private final Identity identities;
    private final PseudonymKey key;
    private final BlobStore store;

    Seals(InstanceRows rows, Identity identities, PseudonymKey key, BlobStore store) {
        this.rows = rows;
        this.identities = identities;
        this.key = key;
        this.store = store;
    }

    @Scheduled(initialDelay = 2_000, fixedDelay = 60_000)
    void work() {
        try {
            if (key.isCurrent()) {
                int sealed = seal();
                if (sealed > 0) {
                    log.info("the identifiers of {} instances were sealed", sealed);
                }
            }
        } catch (DataAccessException e) {
            log.warn("identifiers could not be sealed: {}", Reasons.describe(e));
        }
    }

    /** Says how many. */
    int seal() {
        int sealed = 0;
        String tenant = "";
        String sop = "";
        while (true) {
            List<InstanceRows.Unsealed> some = rows.unsealed(key.id(), tenant, sop, AT_ONCE);
            for (InstanceRows.Unsealed one : some) {
                tenant = one.tenant();
                sop = one.sopInstanceUid();
                try {
                    rows.seal(
                            one,
                            one.sealedBy() == null
                                    ? identities.seal(
                                            one.tenant(),
                                            one.sopInstanceUid(),
                                            one.attributes(),
                                            one.creator(),
                                            one.seriesDescription())
                                    : identities.seal(one.tenant(), read(one)));
                    sealed++;
                } catch (IOException | InputException e) {
                    log.warn("an instance could not be read to seal its identifiers: {}", Reasons.describe(e));
                }
            }
            if (some.size() < AT_ONCE) {
                return sealed;
            }
        }
    }

    private DicomInstance read(InstanceRows.Unsealed one) throws IOException, InputException {
        try (BlobStore.Content content = store.open(one.blob());
                Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(content.file(), StandardOpenOption.READ)) {
            MemorySegment object = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return DicomInstance.read(object, ReadOptions.defaults());
        }
    }
}
