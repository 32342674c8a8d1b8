import { useRef } from "@odoo/owl";
import { useDropzone } from "@web/core/dropzone/dropzone_hook";
import { registry } from "@web/core/registry";
import { useFileUploader } from "@web/core/utils/files";
import {
    Many2ManyBinaryField,
    many2ManyBinaryField,
} from "@web/views/fields/many2many_binary/many2many_binary_field";

/** Several files at once, chosen or dropped onto the dialog. */
export class FilesDropField extends Many2ManyBinaryField {
    static template = "cmor_utility.FilesDropField";

    setup() {
        super.setup();
        this.rootRef = useRef("root");
        this.uploadFiles = useFileUploader();
        useDropzone(this.rootRef, (ev) => this.onDrop(ev));
    }

    async onDrop(ev) {
        const files = [...ev.dataTransfer.files];
        if (!files.length) {
            return;
        }
        const uploaded = await this.uploadFiles("/web/binary/upload_attachment", {
            csrf_token: odoo.csrf_token,
            ufile: files,
            model: this.props.record.resModel,
            id: this.props.record.resId || 0,
        });
        await this.onFileUploaded(uploaded || []);
    }
}

registry.category("fields").add("cmor_files_drop", {
    ...many2ManyBinaryField,
    component: FilesDropField,
});
