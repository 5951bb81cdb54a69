package org.segmeter.pacs;

import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.format.dicom.DicomInstance;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Fetches segmentations from a PACS and takes them in by the door through which they would have come by themselves: so that everything
 * of a study is paired and scored. Only from the sources of the configuration; no address comes from a request.
 */
@Component
public final class Pull {

    /** What one side of an evaluation can be made of. */
    private static final List<String> SIDES =
            List.of(DicomInstance.SEGMENTATION, DicomInstance.LABEL_MAP, DicomInstance.RT_STRUCTURE_SET);

    private final Reception reception;
    private final BlobStore store;
    private final DiskFloor disk;
    private final PacsSettings settings;
    private final JsonMapper json;
    private final Map<String, DicomWebClient> clients = new ConcurrentHashMap<>();

    Pull(Reception reception, BlobStore store, DiskFloor disk, PacsSettings settings, JsonMapper json) {
        this.reception = reception;
        this.store = store;
        this.disk = disk;
        this.settings = settings;
        this.json = json;
    }

    /** The PACS did not do what was asked. */
    public static final class SourceFailed extends Exception {
        SourceFailed(String message) {
            super(message, null, false, false);
        }
    }

    /** True if the configuration has a source of this name, and it is the caller's. */
    public boolean knows(String source) {
        return Tenant.isOfTheInstallation() && settings.sources().containsKey(source);
    }

    /** Names of the sources of the configuration. */
    public Set<String> sources() {
        return Tenant.isOfTheInstallation() ? Set.copyOf(settings.sources().keySet()) : Set.of();
    }

    /**
     * Fetches all segmentations of a study, of one of its series, or one of them.
     *
     * @param seriesUid null for all of the study; likewise the instance
     * @throws SourceFailed if the source does not answer as DICOMweb prescribes; what was fetched before is kept
     */
    public List<StoreOutcome> fetch(
            String source, String studyUid, @Nullable String seriesUid, @Nullable String sopInstanceUid)
            throws SourceFailed, IOException, InterruptedException {
        PacsSettings.Source from = settings(source);
        DicomWebClient client = client(source, from);
        Set<DicomWebClient.Found> found = new LinkedHashSet<>();
        for (String sopClass : List.of(DicomInstance.SEGMENTATION, DicomInstance.LABEL_MAP)) {
            found.addAll(client.search(studyUid, seriesUid, sopInstanceUid, sopClass));
        }
        List<StoreOutcome> outcomes = new ArrayList<>();
        for (DicomWebClient.Found one : found) {
            try {
                disk.check();
            } catch (DiskFloor.Full e) {
                outcomes.add(new StoreOutcome.Refused(
                        null,
                        one.sopInstanceUid(),
                        StoreOutcome.Reason.OUT_OF_RESOURCES,
                        "There is no room for the instance."));
                continue;
            }
            try (InputStream content = client.retrieve(studyUid, one);
                    BlobStore.Incoming received =
                            store.receive(content, from.maxSize().toBytes())) {
                outcomes.add(reception.receive(received, studyUid, source));
            } catch (BlobStore.TooLarge e) {
                outcomes.add(new StoreOutcome.Refused(
                        null,
                        one.sopInstanceUid(),
                        StoreOutcome.Reason.OUT_OF_RESOURCES,
                        "The instance is larger than " + e.limit() + " bytes."));
            } catch (BlobStore.Interrupted e) {
                throw new SourceFailed("The connection broke off, or stood still, while an instance was fetched.");
            }
        }
        return outcomes;
    }

    /**
     * Fetches one series of segmentations, or one instance of it, as one side of an evaluation; nothing of it is kept or paired.
     *
     * @param seriesUid null if an instance is given and its series is not known
     * @param most how many instances a side may have
     * @return what was received, in the order of the SOP Instance UIDs, for the caller to keep or close; empty if the source has none
     * @throws BlobStore.TooLarge if one is larger than is fetched from this source
     * @throws SourceFailed if the source does not answer as DICOMweb prescribes, or has more
     */
    public List<BlobStore.Incoming> side(
            String source, String studyUid, @Nullable String seriesUid, @Nullable String sopInstanceUid, int most)
            throws SourceFailed, IOException, InterruptedException {
        PacsSettings.Source from = settings(source);
        DicomWebClient client = client(source, from);
        List<DicomWebClient.Found> found = new ArrayList<>();
        for (String sopClass : SIDES) {
            found.addAll(client.search(studyUid, seriesUid, sopInstanceUid, sopClass));
        }
        if (found.size() > most) {
            throw new SourceFailed(
                    "The source has %d segmentations of this series, and a side may have %d; name an instance."
                            .formatted(found.size(), most));
        }
        return received(from, client, studyUid, found);
    }

    /**
     * Fetches all images of a series; nothing of it is kept.
     *
     * @param most how many it may have
     * @return what was received, for the caller to close; empty if the source has none
     * @throws BlobStore.TooLarge if one is larger than is fetched from this source
     * @throws SourceFailed if the source does not answer as DICOMweb prescribes, or has more
     */
    List<BlobStore.Incoming> images(String source, String studyUid, String seriesUid, int most)
            throws SourceFailed, IOException, InterruptedException {
        PacsSettings.Source from = settings(source);
        DicomWebClient client = client(source, from);
        List<DicomWebClient.Found> found = new ArrayList<>(client.search(studyUid, seriesUid, null, null));
        if (found.size() > most) {
            throw new SourceFailed("The series has %d images, and %d can be fetched.".formatted(found.size(), most));
        }
        return received(from, client, studyUid, found);
    }

    private PacsSettings.Source settings(String source) {
        PacsSettings.Source known = settings.sources().get(source);
        if (known == null) {
            throw new IllegalArgumentException("no such source");
        }
        return known;
    }

    private DicomWebClient client(String source, PacsSettings.Source from) {
        return clients.computeIfAbsent(source, name -> new DicomWebClient(from, json));
    }

    /** In the order of the SOP Instance UIDs. */
    private List<BlobStore.Incoming> received(
            PacsSettings.Source from, DicomWebClient client, String studyUid, List<DicomWebClient.Found> found)
            throws SourceFailed, IOException, InterruptedException {
        found.sort(Comparator.comparing(DicomWebClient.Found::sopInstanceUid));
        List<BlobStore.Incoming> all = new ArrayList<>();
        boolean complete = false;
        try {
            for (DicomWebClient.Found one : found) {
                disk.check();
                try (InputStream content = client.retrieve(studyUid, one)) {
                    all.add(store.receive(content, from.maxSize().toBytes()));
                } catch (BlobStore.Interrupted e) {
                    throw new SourceFailed("The connection broke off, or stood still, while an instance was fetched.");
                }
            }
            complete = true;
            return all;
        } catch (DiskFloor.Full e) {
            throw new IOException("No space left on device");
        } finally {
            if (!complete) {
                close(all);
            }
        }
    }

    /** Lets go of what was received, of all of it also if one cannot be closed. */
    public static void close(List<BlobStore.Incoming> received) throws IOException {
        IOException failure = null;
        for (BlobStore.Incoming one : received) {
            try {
                one.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    @PreDestroy
    void close() {
        List.copyOf(clients.values()).forEach(client -> client.close());
    }
}
