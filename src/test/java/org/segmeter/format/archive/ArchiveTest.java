package org.segmeter.format.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/** One zip or tar stands for the files in it; whatever else is done with archives is refused. */
class ArchiveTest {

    private static final Path SAMPLES = Path.of("src/test/resources/org/segmeter/format/nifti");

    private static byte[] sample(String name) throws IOException {
        return Files.readAllBytes(SAMPLES.resolve(name));
    }

    private static Segmentation read(byte[] archive) throws InputException {
        return SegmentationReader.standard().read(List.of(MemorySegment.ofArray(archive)), ReadOptions.defaults());
    }

    private static void refused(byte[] archive, InputProblem problem) {
        assertThatThrownBy(() -> read(archive))
                .isInstanceOfSatisfying(
                        InputException.class,
                        e -> assertThat(e.problem()).as(e.getMessage()).isEqualTo(problem));
    }

    private static byte[] zip(boolean stored, byte[]... files) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("folder/"));
            for (int i = 0; i < files.length; i++) {
                ZipEntry entry = new ZipEntry("folder/file" + i);
                if (stored) {
                    CRC32 crc = new CRC32();
                    crc.update(files[i]);
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(files[i].length);
                    entry.setCrc(crc.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(files[i]);
            }
        }
        return out.toByteArray();
    }

    private static byte[] tar(byte[]... files) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.putArchiveEntry(new TarArchiveEntry("folder/"));
            tar.closeArchiveEntry();
            for (int i = 0; i < files.length; i++) {
                TarArchiveEntry entry = new TarArchiveEntry("folder/" + "long".repeat(60) + i);
                entry.setSize(files[i].length);
                tar.putArchiveEntry(entry);
                tar.write(files[i]);
                tar.closeArchiveEntry();
            }
        }
        return out.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({
        "zip,same_uint8_le_nifti1.nii.gz",
        "stored,same_uint8_le_nifti1.nii.gz",
        "tar,same_uint8_le_nifti1.nii.gz",
        "zip,same_float32_le_nifti1.nii",
        "stored,same_float32_le_nifti1.nii",
        "tar,same_float32_le_nifti1.nii"
    })
    void aNiftiFileInAnArchiveReadsLikeTheFile(String kind, String name) throws IOException, InputException {
        byte[] file = sample("nifti-variants/" + name);
        byte[] readme = "read me".getBytes(UTF_8);
        byte[] archive = kind.equals("tar") ? tar(readme, file) : zip(kind.equals("stored"), readme, file);
        Segmentation fromArchive = read(archive);
        Segmentation fromFile = read(file);
        assertThat(fromArchive).isEqualTo(fromFile);
        assertThat(fromArchive.segments()).hasSize(3);
    }

    @Test
    void aPairInAZipNeedsNoNames() throws IOException, InputException {
        byte[] header = sample("nifti-variants/same_pair_nifti1.hdr");
        byte[] image = sample("nifti-variants/same_pair_nifti1.img");
        byte[] appleDouble = new byte[100];
        appleDouble[1] = 5;
        appleDouble[2] = 0x16;
        appleDouble[3] = 7;
        assertThat(read(zip(false, image, appleDouble, header)))
                .isEqualTo(read(sample("nifti-variants/same_uint8_le_nifti1.nii.gz")));
        // A read-me file and a folder's settings are no image: they are too short.
        byte[] readme = "masks of the liver\n".getBytes(UTF_8);
        assertThat(read(zip(true, readme, header, readme, image, new byte[image.length - 1])))
                .isEqualTo(read(zip(false, image, header)));
        refused(zip(false, header), InputProblem.MISSING_PART);
        refused(zip(false, header, Arrays.copyOf(image, image.length - 1)), InputProblem.TRUNCATED);
        refused(zip(false, header, image, image), InputProblem.UNSUPPORTED_FORMAT);
    }

    @Test
    void nestedArchivesAreRefused() throws IOException {
        byte[] inner = zip(false, sample("nifti-variants/same_uint8_le_nifti1.nii.gz"));
        refused(zip(false, inner), InputProblem.MALFORMED_ARCHIVE);
        refused(zip(true, inner), InputProblem.MALFORMED_ARCHIVE);
        refused(tar(inner), InputProblem.MALFORMED_ARCHIVE);
        refused(zip(false, tar(inner)), InputProblem.MALFORMED_ARCHIVE);
    }

    @Test
    void twoSegmentationsOfWhichNobodyKnowsWhichToTakeAreRefused() throws IOException {
        byte[] file = sample("nifti-variants/same_uint8_le_nifti1.nii.gz");
        refused(zip(false, file, file), InputProblem.UNSUPPORTED_FORMAT);
    }

    @Test
    void anArchiveBesideAnotherFileIsRefused() throws IOException {
        MemorySegment file = MemorySegment.ofArray(sample("nifti-variants/same_uint8_le_nifti1.nii.gz"));
        MemorySegment zip = MemorySegment.ofArray(zip(false, new byte[10]));
        assertThatThrownBy(() -> SegmentationReader.standard().read(List.of(file, zip), ReadOptions.defaults()))
                .isInstanceOf(InputException.class);
    }

    @Test
    void anEmptyArchiveHoldsNothingToScore() throws IOException {
        refused(zip(false), InputProblem.UNRECOGNISED_FORMAT);
        refused(zip(false, "text".getBytes(UTF_8)), InputProblem.UNRECOGNISED_FORMAT);
    }

    @Test
    void tooManyEntriesOrBytesAreRefusedBeforeTheyAreRead() throws IOException {
        byte[][] many = new byte[50][];
        Arrays.fill(many, sample("nifti-variants/same_uint8_le_nifti1.nii.gz"));
        ReadLimits few = new ReadLimits(1_000_000, 1_000_000, 100, 32, 20);
        ReadLimits small = new ReadLimits(1_000_000, 20_000, 100, 32, 100);
        for (byte[] archive : List.of(zip(false, many), tar(many))) {
            for (ReadLimits limits : List.of(few, small)) {
                assertThatThrownBy(() -> SegmentationReader.standard()
                                .read(
                                        List.of(MemorySegment.ofArray(archive)),
                                        ReadOptions.defaults().withLimits(limits)))
                        .isInstanceOfSatisfying(
                                InputException.class,
                                e -> assertThat(e.problem()).isEqualTo(InputProblem.TOO_LARGE));
            }
        }
    }

    @Test
    void aFlippedByteInTheVoxelsIsNoticed() throws IOException {
        byte[] file = sample("nifti-variants/same_float32_le_nifti1.nii");
        byte[] archive = zip(true, file);
        archive[archive.length / 2] ^= 1;
        refused(archive, InputProblem.CHECKSUM_MISMATCH);
    }

    /** Two entries of one content are a few bytes for as many gigabytes as one likes. */
    @Test
    void entriesThatLieOnTopOfEachOtherAreRefused() throws IOException, InputException {
        byte[] file = sample("nifti-variants/same_uint8_le_nifti1.nii.gz");
        byte[] archive = zip(true, "a text ".repeat(file.length).getBytes(UTF_8), file);
        read(archive);
        ByteBuffer fields = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        int text = central(archive, fields.getInt(archive.length - 6));
        int volume = central(archive, text);
        // The text's entry is the file's once more: together they are far shorter than the archive.
        byte[] twice = archive.clone();
        System.arraycopy(archive, volume + 16, twice, text + 16, 12);
        System.arraycopy(archive, volume + 42, twice, text + 42, 4);
        refused(twice, InputProblem.MALFORMED_ARCHIVE);
        // An entry that reaches into the directory.
        fields.putInt(volume + 20, file.length + 10).putInt(volume + 24, file.length + 10);
        refused(archive, InputProblem.MALFORMED_ARCHIVE);
    }

    /** Where the entry of the directory after this one is. */
    private static int central(byte[] zip, int at) {
        ByteBuffer entry = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
        return at + 46 + entry.getShort(at + 28) + entry.getShort(at + 30) + entry.getShort(at + 32);
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        List<byte[]> archives = new ArrayList<>();
        archives.add(zip(false, sample("nifti-variants/other_1x1x1.nii.gz")));
        archives.add(tar(sample("nifti-variants/other_1x1x1.nii.gz")));
        for (byte[] archive : archives) {
            for (int n = 0; n < archive.length; n++) {
                byte[] cut = Arrays.copyOf(archive, n);
                try {
                    Segmentation read = read(cut);
                    // A tar file ends with two blocks of zeros and padding; only these may be missing.
                    assertThat(archive[archive.length - 1]).isZero();
                    assertThat(n).as("bytes of " + archive.length + ": " + read).isGreaterThan(archive.length - 10_240);
                } catch (InputException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip_encrypted_flag.zip", "zip_cut.zip", "zip_symlink.zip"})
    void encryptedCutAndLinkedArchivesAreRefused(String name) throws IOException {
        refused(sample("bad/" + name), InputProblem.MALFORMED_ARCHIVE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip_slip.zip", "zip_absolute_name.zip", "zip_good.zip"})
    void namesDoNotMatterAndTouchNoFile(String name) throws IOException, InputException {
        // The same object lies twice in the first one; DICOM instances are merged by their UID.
        Segmentation read = read(sample("bad/" + name));
        Segmentation single = read(sample("bad/good.dcm"));
        assertThat(read.grid()).isEqualTo(single.grid());
        assertThat(read.segments()).isEqualTo(single.segments());
    }
}
