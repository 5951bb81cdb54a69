package org.segmeter.demo;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.segmeter.batch.Batch;
import org.segmeter.batch.Batches;
import org.segmeter.batch.NewItem;
import org.segmeter.database.StartRefused;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.format.dicom.SegWriter;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.scoring.ScoringOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Fills an installation without evaluations with those of the {@link Cohort}, as one batch of a fixed id, while the service runs. What a
 * stop leaves undone is gone on with at the next start. Removed with {@code DELETE /api/v1/batches/{ID}?evaluations=remove}.
 */
@Component
@EnableConfigurationProperties(DemoSettings.class)
final class Demonstration {

    private static final Logger log = LoggerFactory.getLogger(Demonstration.class);

    /** The batch. */
    static final UUID ID = UUID.fromString("5e9de30a-0000-4000-8000-000000000001");

    private static final int CASES_AT_ONCE = 4;

    private final Batches batches;
    private final BlobStore store;
    private final KeptContent kept;
    private final boolean wanted;
    private volatile boolean closed;

    Demonstration(DemoSettings settings, Batches batches, BlobStore store, KeptContent kept, JdbcClient sql) {
        this.batches = batches;
        this.store = store;
        this.kept = kept;
        this.wanted = settings.demo();
        if (wanted && batches.find(ID).isEmpty() && hasEvaluations(sql)) {
            throw new StartRefused(
                    "the demonstration (--demo, SEGMETER_DEMO) is for an installation without evaluations, and"
                            + " this one has some; start without it, or with another SEGMETER_DATA_DIRECTORY");
        }
    }

    private static boolean hasEvaluations(JdbcClient sql) {
        return sql.sql("select exists (select from evaluation where labels ->> :mark is distinct from 'true')")
                .param("mark", Cohort.MARK)
                .query(Boolean.class)
                .single();
    }

    @EventListener(ApplicationReadyEvent.class)
    void begin() {
        if (wanted) {
            Thread.ofPlatform()
                    .name("demonstration")
                    .daemon()
                    .priority(Thread.MIN_PRIORITY)
                    .start(this::make);
        }
    }

    @EventListener(ContextClosedEvent.class)
    void close() {
        closed = true;
    }

    private void make() {
        try {
            fill(ID, Cohort.CASES);
        } catch (IOException | DataAccessException | TransactionException e) {
            log.error(
                    "the demonstration could not be made to its end, which the next start tries: {}",
                    e.getClass().getSimpleName());
        }
    }

    /**
     * Fills a batch with cases of the cohort, or goes on where that was broken off; a batch that is filled stays as it is.
     *
     * @param count how many, of those that are spread over the year
     */
    void fill(UUID id, int count) throws IOException {
        batches.open(id, List.of(ScoringOptions.DEFAULT_PROTOCOL));
        Batch batch = batches.find(id).orElse(null);
        if (batch == null || batch.state() != Batch.State.OPEN) {
            return;
        }
        log.info("the demonstration is being made; it takes about a minute");
        Cohort cohort = new Cohort(Cohort.SEED, batch.createdAt());
        List<Integer> cases = new ArrayList<>();
        int passed = 0;
        int first = batch.items().total() + 1;
        for (int number : cohort.order().subList(0, count)) {
            passed += cohort.predictions(number);
            if (passed < first) {
                continue; // made before the last stop
            }
            cases.add(number);
            if (cases.size() == CASES_AT_ONCE) {
                first = add(id, cohort, cases, first);
                if (first < 0) {
                    return;
                }
                cases.clear();
            }
        }
        if (!cases.isEmpty() && add(id, cohort, cases, first) < 0) {
            return;
        }
        batches.complete(id);
        log.info("the demonstration is made; what is left of it is being scored");
    }

    /** Adds cases whole; the number that the next item gets, or -1 if there is nothing more to do. */
    private int add(UUID id, Cohort cohort, List<Integer> cases, int first) throws IOException {
        List<NewItem> items = new ArrayList<>();
        Map<Blob, BlobStore.Incoming> files = new LinkedHashMap<>();
        try {
            for (int number : cases) {
                if (closed) {
                    return -1;
                }
                Cohort.Case one = cohort.make(number);
                String reference = receive(seg(one, number), files);
                for (Cohort.Prediction prediction : one.predictions()) {
                    ByteArrayOutputStream nifti = new ByteArrayOutputStream();
                    NiftiWriter.writeGzip(prediction.segmentation(), nifti);
                    items.add(new NewItem(
                            prediction.description(),
                            List.of(receive(nifti.toByteArray(), files)),
                            List.of(reference),
                            List.of(),
                            null,
                            null,
                            null,
                            prediction.datedAt()));
                }
            }
            boolean added = batches.add(
                    id,
                    first,
                    holder -> {
                        List<Blob> blobs = List.copyOf(files.keySet());
                        kept.hold(holder, blobs, () -> {
                            for (BlobStore.Incoming file : files.values()) {
                                file.keep();
                            }
                        });
                        return blobs;
                    },
                    items);
            return added ? first + items.size() : -1;
        } finally {
            for (BlobStore.Incoming file : files.values()) {
                file.close();
            }
        }
    }

    private String receive(byte[] content, Map<Blob, BlobStore.Incoming> files) throws IOException {
        BlobStore.Incoming file = store.receive(new ByteArrayInputStream(content), content.length);
        BlobStore.Incoming before = files.putIfAbsent(file.blob(), file);
        if (before != null) {
            file.close();
        }
        return "sha256:" + file.blob().sha256();
    }

    private static byte[] seg(Cohort.Case one, int number) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LocalDateTime created = LocalDateTime.ofInstant(Instant.EPOCH, ZoneOffset.UTC);
        SegWriter.write(
                one.reference(),
                new SegWriter.Identity(
                        uid("study", number),
                        uid("series", number),
                        uid("instance", number),
                        uid("frame", number),
                        1,
                        1,
                        created),
                SegWriter.Options.DEFAULT,
                out);
        return out.toByteArray();
    }

    /** A UID made of a UUID (PS3.5 B.2), the same one each time. */
    private static String uid(String of, int number) {
        UUID uuid = UUID.nameUUIDFromBytes((of + " " + number).getBytes(StandardCharsets.US_ASCII));
        return "2.25." + new BigInteger(uuid.toString().replace("-", ""), 16);
    }
}
