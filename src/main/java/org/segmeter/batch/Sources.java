package org.segmeter.batch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Pull;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.unit.DataSize;

/** Brings the files of items that lie below a root or in a PACS into the store, shortly before they are scored. */
@Component
final class Sources {

    static final String SHA256 = "sha256:";

    private static final Pattern STORED = Pattern.compile(SHA256 + "[0-9a-f]{64}");

    private static final Pattern DICOMWEB = Pattern.compile(
            "dicomweb:([^/]+)/studies/([0-9.]{1,64})(?:/series/([0-9.]{1,64}))?(?:/instances/([0-9.]{1,64}))?");

    private static final int MOST_INSTANCES = 2048;

    private final RootFiles roots;
    private final Pull pull;
    private final BlobStore store;
    private final KeptContent kept;
    private final DiskFloor disk;
    private final BatchRows rows;
    private final TransactionTemplate transaction;
    private final long largest;

    Sources(
            BatchSettings settings,
            Pull pull,
            BlobStore store,
            KeptContent kept,
            DiskFloor disk,
            BatchRows rows,
            TransactionTemplate transaction,
            @Value("${segmeter.upload.max-file-size:4GB}") DataSize largest) {
        this.roots = new RootFiles(settings.roots());
        this.pull = pull;
        this.store = store;
        this.kept = kept;
        this.disk = disk;
        this.rows = rows;
        this.transaction = transaction;
        this.largest = largest.toBytes();
    }

    static boolean isStored(String source) {
        return STORED.matcher(source).matches();
    }

    static String of(Blob blob) {
        return SHA256 + blob.sha256();
    }

    /** What is wrong with a place as it is written; null if it can be looked at. */
    @Nullable
    Problem objection(String source) {
        if (isStored(source) || roots.isRoot(source)) {
            return null;
        }
        if (source.startsWith("dicomweb:")) {
            Matcher place = DICOMWEB.matcher(source);
            if (!place.matches() || place.group(3) == null && place.group(4) == null) {
                return Problem.of(
                        ServiceProblem.UNSUPPORTED_SOURCE,
                        "A place in a PACS is dicomweb:SOURCE/studies/UID/series/UID or with /instances/UID.");
            }
            return pull.knows(place.group(1))
                    ? null
                    : Problem.of(ServiceProblem.UNSUPPORTED_SOURCE, "No PACS of this name is configured.");
        }
        if (source.matches("[A-Za-z0-9_-]+:.*")) {
            return Problem.of(ServiceProblem.UNSUPPORTED_SOURCE, "No root of this name is configured.");
        }
        return Problem.of(ServiceProblem.MISSING_FILE, "The archive has no file of this name.");
    }

    /** Brings what an item needs into the store and says in its row where it is; the problem that forbids it, or null. */
    @Nullable
    Problem fetch(UUID batch, BatchRows.Waiting item) throws IOException {
        if (item.places().stream().allMatch(Sources::isStored)) {
            return null;
        }
        for (String place : item.places()) {
            Problem problem = objection(place);
            if (problem != null) {
                return problem;
            }
        }
        UUID holder = UUID.randomUUID();
        boolean written = false;
        try {
            Map<String, Blob> blobs = new LinkedHashMap<>();
            List<String> prediction = fetched(item.prediction(), holder, blobs);
            List<String> reference = fetched(item.reference(), holder, blobs);
            List<String> mask = fetched(item.mask(), holder, blobs);
            // Of a batch that was cancelled meanwhile nothing is needed, and nobody would say so again.
            written = Boolean.TRUE.equals(transaction.execute(status -> {
                if (!rows.relocate(batch, item.number(), prediction, reference, mask)) {
                    return false;
                }
                kept.use(holder, blobs.values(), Batches.user(batch));
                return true;
            }));
            return null;
        } catch (RootFiles.Refused e) {
            return e.problem();
        } catch (Pull.SourceFailed e) {
            return Problem.of(ServiceProblem.SOURCE_FAILED, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the service is ending", e);
        } catch (BlobStore.TooLarge e) {
            return Problem.of(
                            ServiceProblem.PAYLOAD_TOO_LARGE,
                            "One file exceeds the limit of this installation, %d.".formatted(e.limit()))
                    .with("limit", e.limit());
        } catch (BlobStore.Interrupted e) {
            return Problem.of(ServiceProblem.MISSING_FILE, "The file could not be read to its end.");
        } finally {
            if (!written) {
                kept.release(holder);
            }
        }
    }

    private List<String> fetched(List<String> sources, UUID holder, Map<String, Blob> blobs)
            throws RootFiles.Refused, Pull.SourceFailed, IOException, InterruptedException {
        List<String> stored = new ArrayList<>();
        for (String source : sources) {
            if (isStored(source)) {
                stored.add(source);
                continue;
            }
            Matcher place = DICOMWEB.matcher(source);
            if (place.matches()) {
                pulled(place, holder, blobs, stored);
                continue;
            }
            for (Path file : roots.files(source)) {
                try {
                    disk.check();
                } catch (DiskFloor.Full e) {
                    throw new IOException("No space left on device");
                }
                try (InputStream in = Files.newInputStream(file);
                        BlobStore.Incoming incoming = store.receive(in, largest)) {
                    Blob blob = incoming.blob();
                    if (blobs.putIfAbsent(blob.sha256(), blob) == null) {
                        kept.hold(holder, List.of(blob), incoming::keep);
                    }
                    stored.add(of(blob));
                } catch (NoSuchFileException | java.nio.file.AccessDeniedException e) {
                    throw new RootFiles.Refused(
                            Problem.of(ServiceProblem.MISSING_FILE, "The file is not there or cannot be read."));
                }
            }
        }
        return stored;
    }

    private void pulled(Matcher place, UUID holder, Map<String, Blob> blobs, List<String> stored)
            throws RootFiles.Refused, Pull.SourceFailed, IOException, InterruptedException {
        List<BlobStore.Incoming> instances =
                pull.side(place.group(1), place.group(2), place.group(3), place.group(4), MOST_INSTANCES);
        try {
            for (BlobStore.Incoming instance : instances) {
                Blob blob = instance.blob();
                if (blobs.putIfAbsent(blob.sha256(), blob) == null) {
                    kept.hold(holder, List.of(blob), instance::keep);
                }
                stored.add(of(blob));
            }
        } finally {
            Pull.close(instances);
        }
        if (instances.isEmpty()) {
            throw new RootFiles.Refused(Problem.of(
                    ServiceProblem.MISSING_FILE, "The PACS has no segmentation of this study, series and instance."));
        }
    }
}
